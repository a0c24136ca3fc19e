// @dittofeed/sdk-node
import { createRequire } from "node:module";
import { errors, host, key, story } from "./story.mjs";

const { DittofeedSdk } = createRequire(import.meta.url)("@dittofeed/sdk-node");
const { user, anonymous, traits, views, order } = story("dittofeed-node");
const writeKey = `Basic ${Buffer.from(`${key}:`).toString("base64")}`;
await DittofeedSdk.init({ writeKey, host });
DittofeedSdk.track({ anonymousId: anonymous, event: "Product Viewed", properties: views[0] });
DittofeedSdk.identify({ userId: user, anonymousId: anonymous, traits });
DittofeedSdk.page({ userId: user, name: "Cart", properties: { url: "https://shop.example.com/cart" } });
for (const view of views.slice(1)) DittofeedSdk.track({ userId: user, event: "Product Viewed", properties: view });
DittofeedSdk.track({ userId: user, event: "Order Completed", properties: order });
await DittofeedSdk.flush();
errors.report();
