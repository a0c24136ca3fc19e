// @jitsu/js, as a server uses it
import { jitsuAnalytics } from "@jitsu/js";
import { errors, host, key, story } from "./story.mjs";

const { user, anonymous, traits, views, order } = story("jitsu-js");
const jitsu = jitsuAnalytics({ host, writeKey: `${key}:secret`, s2s: true, fetch, runtime: undefined, errorPolicy: "throw" });
const send = async (call) => {
  const { headers, ...body } = call;
  const response = await fetch(`${host}/api/s/s2s/${body.type}`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Write-Key": `${key}:secret` },
    body: JSON.stringify(body),
  });
  if (!(await response.json()).ok) errors.add(new Error(`${body.type}: ${response.status}`));
};
jitsu.setAnonymousId(anonymous);
await jitsu.track("Product Viewed", views[0]);
await jitsu.identify(user, traits);
await jitsu.page({ url: "https://shop.example.com/cart" });
for (const view of views.slice(1)) await jitsu.track("Product Viewed", view);
await jitsu.track("Order Completed", order);
await send({ type: "alias", userId: user, previousId: anonymous });
errors.report();
