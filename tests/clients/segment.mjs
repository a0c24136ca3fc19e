// @segment/analytics-node
import { Analytics } from "@segment/analytics-node";
import { errors, host, key, story } from "./story.mjs";

const analytics = new Analytics({ writeKey: key, host, flushAt: 4, maxRetries: 1 });
analytics.on("error", errors.add);
const { user, anonymous, traits, views, order } = story("segment-node");
analytics.track({ anonymousId: anonymous, event: "Product Viewed", properties: views[0] });
analytics.identify({ userId: user, traits });
analytics.alias({ userId: user, previousId: anonymous });
analytics.page({ userId: user, name: "Cart", properties: { url: "https://shop.example.com/cart" } });
for (const view of views.slice(1)) analytics.track({ userId: user, event: "Product Viewed", properties: view });
analytics.track({ userId: user, event: "Order Completed", properties: order });
await analytics.closeAndFlush({ timeout: 10_000 });
errors.report();
