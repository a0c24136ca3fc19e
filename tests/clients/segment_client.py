# segment-analytics-python
import segment.analytics as analytics
from story import host, key, on_error, report, story

analytics.write_key, analytics.host, analytics.on_error = key, host, on_error
analytics.gzip, analytics.max_retries = True, 1
s = story("segment-python")
analytics.track(anonymous_id=s["anonymous"], event="Product Viewed", properties=s["views"][0])
analytics.identify(s["user"], s["traits"])
analytics.alias(s["anonymous"], s["user"])
analytics.page(s["user"], name="Cart", properties={"url": "https://shop.example.com/cart"})
for view in s["views"][1:]:
    analytics.track(s["user"], "Product Viewed", view)
analytics.track(s["user"], "Order Completed", s["order"])
analytics.flush()
analytics.shutdown()
report()
