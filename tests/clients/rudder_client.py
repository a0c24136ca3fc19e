# rudder-sdk-python
import rudderstack.analytics as rudder
from story import host, key, on_error, report, story

rudder.write_key, rudder.dataPlaneUrl, rudder.on_error = key, host, on_error
rudder.max_retries = 1
s = story("rudder-python")
rudder.track(None, "Product Viewed", s["views"][0], anonymous_id=s["anonymous"])
rudder.identify(s["user"], s["traits"])
rudder.alias(s["anonymous"], s["user"])
rudder.page(s["user"], name="Cart", properties={"url": "https://shop.example.com/cart"})
for view in s["views"][1:]:
    rudder.track(s["user"], "Product Viewed", view)
rudder.track(s["user"], "Order Completed", s["order"])
rudder.flush()
rudder.shutdown()
report()
