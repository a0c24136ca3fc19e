"""What each client tells: somebody looks at a product, says who they are, looks at three more, and buys."""

import sys

host, key = sys.argv[1:3]
errors = []


def story(name):
    order = {"order_id": f"o-{name}", "revenue": 30.25, "currency": "EUR"}
    order["products"] = [{"product_id": "p-1", "price": 30.25, "quantity": 1}]
    return {
        "user": f"{name}-ann",
        "anonymous": f"anon-{name}",
        "traits": {"email": f"ann@{name}.example.com", "plan": "gold"},
        "views": [{"product_id": f"p-{n}", "category": "Cups", "price": 9.5} for n in range(1, 5)],
        "order": order,
    }


def on_error(error, items):
    errors.append(error)


def report():
    for error in errors:
        print(error, file=sys.stderr)
    sys.exit(1 if errors else 0)
