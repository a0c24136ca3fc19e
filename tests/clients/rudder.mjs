// @rudderstack/rudder-sdk-node
import RudderAnalytics from "@rudderstack/rudder-sdk-node";
import { errors, host, key, story } from "./story.mjs";

const client = new RudderAnalytics(key, { dataPlaneUrl: host, flushAt: 4, flushInterval: 500, errorHandler: errors.add });
const { user, anonymous, traits, views, order } = story("rudder-node");
client.track({ anonymousId: anonymous, event: "Product Viewed", properties: views[0] });
client.identify({ userId: user, traits });
client.alias({ userId: user, previousId: anonymous });
client.page({ userId: user, name: "Cart", properties: { url: "https://shop.example.com/cart" } });
for (const view of views.slice(1)) client.track({ userId: user, event: "Product Viewed", properties: view });
client.track({ userId: user, event: "Order Completed", properties: order });
// It sends by a timer, and a flush while it sends is none.
for (let n = 0; n < 5; n++) {
  await client.flush();
  await new Promise((resolve) => setTimeout(resolve, 300));
}
errors.report();
