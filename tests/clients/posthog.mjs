// posthog-node
import { PostHog } from "posthog-node";
import { errors, host, key, story } from "./story.mjs";

const posthog = new PostHog(key, { host, flushAt: 4, fetchRetryCount: 1 });
posthog.on("error", errors.add);
const { user, anonymous, traits, views, order } = story("posthog-node");
posthog.capture({ distinctId: anonymous, event: "Product Viewed", properties: views[0] });
posthog.identify({ distinctId: user, properties: traits });
posthog.alias({ distinctId: user, alias: anonymous });
posthog.capture({ distinctId: user, event: "$pageview", properties: { $current_url: "https://shop.example.com/cart" } });
for (const view of views.slice(1)) posthog.capture({ distinctId: user, event: "Product Viewed", properties: view });
posthog.capture({ distinctId: user, event: "Order Completed", properties: order });
if ((await posthog.getAllFlags(user)).none !== undefined) errors.add(new Error("there are no flags"));
await posthog.shutdown();
errors.report();
