#!/usr/bin/env python3
"""Writes shop.ndjson: thirty days (June 2026) of a made-up shop for tea and coffee things.

    python3 generate.py > shop.ndjson

Nothing but the standard library, no clock, one fixed seed: the same bytes each time. People, addresses and
numbers are made up; e-mail addresses are of example.com and example.org, phone numbers of ranges that are
reserved for fiction.

One line is one record of the Segment spec, in the order in which a server would have received them. The log is
meant to be as untidy as a real one. It has, on purpose:

- visitors who stay anonymous, who sign up, and who log in on a second device;
- people in Berlin, Shanghai and New York, on their own clocks, most active in the evening, so that messages fall
  into quiet hours; amounts in EUR and CNY;
- consent given, refused, never asked for, and withdrawn;
- purchases of the physical shop, known by member card, sent in one go in the evening and so hours late;
- an app that was offline and sends the next day;
- a phone whose clock is eleven days wrong (`receivedAt` and `sentAt` tell);
- records sent twice, placeholders for ids (`null`, `undefined`), a time in the year 3000, a time that is missing;
- lines that can't be used at all (`BROKEN` below), for the quarantine.

What is told on purpose, beside what chance brings, stands in `stories`.
"""

import json
import random
import sys
from datetime import datetime, timedelta, timezone

SEED = 20260601
START = datetime(2026, 6, 1, tzinfo=timezone.utc)
DAYS = 30

# product_id, name, name in Chinese, category, brand, price in EUR, price in CNY
PRODUCTS = [
    ("tea-longjing", "Longjing Spring Harvest 100 g", "明前龙井 100克", "Tea", "Lakeside", 24.0, 188),
    ("tea-tieguanyin", "Tieguanyin Oolong 150 g", "铁观音 150克", "Tea", "Lakeside", 19.5, 148),
    ("tea-puer-2016", "Pu'er Cake 2016", "2016年普洱茶饼", "Tea", "Old Tree", 46.0, 358),
    ("tea-darjeeling", "Darjeeling First Flush 100 g", "大吉岭初摘 100克", "Tea", "Ridgeline", 17.9, 139),
    ("tea-earl-grey", "Earl Grey 200 g", "伯爵红茶 200克", "Tea", "Ridgeline", 11.9, 92),
    ("tea-jasmine", "Jasmine Pearls 100 g", "茉莉龙珠 100克", "Tea", "Lakeside", 15.5, 118),
    ("cof-yirgacheffe", "Yirgacheffe Beans 250 g", "耶加雪菲咖啡豆 250克", "Coffee", "Nordlicht", 13.9, 108),
    ("cof-yunnan", "Yunnan Honey Beans 250 g", "云南蜜处理咖啡豆 250克", "Coffee", "Nordlicht", 12.9, 98),
    ("cof-espresso", "House Espresso 1 kg", "意式拼配 1公斤", "Coffee", "Nordlicht", 26.5, 206),
    ("cof-decaf", "Decaf Sidamo 250 g", "低因西达摩 250克", "Coffee", "Nordlicht", 14.5, 112),
    ("ket-gooseneck", "Gooseneck Kettle 0.9 l", "细口手冲壶 0.9升", "Kettles", "Hearth", 79.0, 615),
    ("ket-smart", "Smart Kettle 1.2 l", "智能温控壶 1.2升", "Kettles", "Hearth", 129.0, 999),
    ("ket-iron", "Cast-Iron Tetsubin", "铸铁壶", "Kettles", "Old Tree", 98.0, 760),
    ("gri-hand", "Hand Grinder C3", "手摇磨豆机 C3", "Grinders", "Hearth", 89.0, 690),
    ("gri-electric", "Burr Grinder E1", "电动磨豆机 E1", "Grinders", "Hearth", 189.0, 1480),
    ("pot-gaiwan", "Gaiwan, White Porcelain", "白瓷盖碗", "Cups and pots", "Old Tree", 22.0, 168),
    ("pot-yixing", "Yixing Teapot 180 ml", "宜兴紫砂壶 180毫升", "Cups and pots", "Old Tree", 65.0, 520),
    ("pot-glass", "Glass Teapot 600 ml", "玻璃茶壶 600毫升", "Cups and pots", "Lakeside", 29.0, 226),
    ("cup-double", "Double-Wall Cups, Pair", "双层玻璃杯 一对", "Cups and pots", "Nordlicht", 18.0, 138),
    ("dri-v60", "Pour-Over Dripper", "手冲滤杯", "Coffee gear", "Nordlicht", 16.0, 125),
    ("dri-press", "French Press 1 l", "法压壶 1升", "Coffee gear", "Nordlicht", 34.0, 265),
    ("dri-filters", "Paper Filters, 100", "滤纸 100张", "Coffee gear", "Nordlicht", 6.5, 48),
]

# zone, hours from UTC in June, locale, currency, country
PLACES = {
    "berlin": ("Europe/Berlin", 2, ["de-DE", "en-GB"], "EUR", "DE"),
    "shanghai": ("Asia/Shanghai", 8, ["zh-CN"], "CNY", "CN"),
    "newyork": ("America/New_York", -4, ["en-US"], "EUR", "US"),
}

NAMES = {
    "berlin": (
        ["Anna", "Lena", "Jonas", "Paul", "Mia", "Felix", "Clara", "Emil", "Nora", "Oskar", "Greta", "Tim"],
        ["Schmidt", "Weber", "Krüger", "Hoffmann", "Yılmaz", "Neumann", "Vogel", "Brandt", "Lorenz", "Busch"],
    ),
    "newyork": (
        ["Grace", "Liam", "Olivia", "Noah", "Ava", "Ethan", "Ruth", "Omar", "Zoe", "Max"],
        ["Miller", "Johnson", "Garcia", "Brown", "Cohen", "Rossi", "Lee", "O'Neill", "Baker", "Reed"],
    ),
    # family name and given name, each with the letters for the e-mail address
    "shanghai": (
        [("伟", "wei"), ("芳", "fang"), ("娜", "na"), ("敏", "min"), ("静", "jing"), ("丽", "li"), ("强", "qiang"),
         ("磊", "lei"), ("洋", "yang"), ("雨桐", "yutong"), ("子涵", "zihan"), ("思远", "siyuan"), ("佳怡", "jiayi")],
        [("王", "wang"), ("李", "li"), ("张", "zhang"), ("刘", "liu"), ("陈", "chen"), ("杨", "yang"), ("赵", "zhao"),
         ("黄", "huang"), ("周", "zhou"), ("吴", "wu"), ("徐", "xu"), ("孙", "sun")],
    ),
}
PLAIN = str.maketrans("üöäßıİş", "uoasiis", "'")

ENTRANCES = [
    # weight, referrer, utm
    (30, None, None),
    (22, "https://www.google.com/", None),
    (14, "https://www.google.com/", ("google", "cpc", "summer-brew")),
    (12, "https://www.instagram.com/", ("instagram", "social", "pour-over-reels")),
    (8, None, ("newsletter", "email", "june-letter")),
    (6, "https://blog.example.org/best-kettles", ("blog", "referral", "best-kettles")),
]
ENTRANCES_CN = [
    (30, None, None),
    (24, "https://www.baidu.com/", ("baidu", "cpc", "chunxia")),
    (20, None, ("wechat", "social", "official-account")),
    (14, None, ("xiaohongshu", "social", "chaju-notes")),
    (12, None, ("wechat", "mini-program", "share-card")),
]
DEVICES = {
    "berlin": [("desktop", "Windows", None), ("mobile", "Android", "Pixel 9"), ("mobile", "iOS", "iPhone 16")],
    "newyork": [("desktop", "macOS", None), ("mobile", "iOS", "iPhone 16"), ("tablet", "iPadOS", "iPad Air")],
    "shanghai": [("mobile", "HarmonyOS", "Mate 70"), ("mobile", "Android", "Xiaomi 15"), ("mobile", "iOS", "iPhone 16")],
}
SITE = "https://shop.example.com"

# Lines that no event can be made of. Each goes to the quarantine with the code behind it.
BROKEN = [
    (3, b'{"type":"track","event":"Product Viewed","anonymousId":"a-7f3e', "invalid_json: cut short"),
    (5, b'{"type":"track","event":"Product Viewed","userId":"undefined","anonymousId":null,"timestamp":"2026-06-05T09:12:44Z"}',
     "missing_identifier"),
    (6, b'2026-06-06 11:40:02 ERROR upstream timed out (502) while sending batch', "invalid_field: a line of another log"),
    (8, b'{"type":"track","event":"Product Viewed","userId":"u-1004","properties":{"name":"Th\xe9 vert"},"timestamp":"2026-06-08T08:01:10Z"}',
     "invalid_utf8: Latin-1"),
    (11, b'{"type":"purchase","userId":"u-1011","messageId":"bad-4","timestamp":"2026-06-11T15:20:00Z"}', "invalid_type"),
    (12, b'{"type":"track","userId":"u-1012","messageId":"bad-5","timestamp":"2026-06-12T15:20:00Z"}', "missing_event"),
    (14, b'{"type":"identify","userId":"0","traits":{"email":"not an address"},"timestamp":"2026-06-14T07:00:00Z"}',
     "missing_identifier"),
    (15, b'{"type":"identify","userId":"u-1015","traits":["vip"],"timestamp":"2026-06-15T07:00:00Z"}', "invalid_field"),
    (19, b'{"type":"page","anonymousId":"unknown","timestamp":"2026-06-19T18:30:00Z"}', "missing_identifier"),
    (21, b'{"type":"track","event":"Order Completed","userId":"u-1020","properties":{"order_id":"o-5', "invalid_json: cut short"),
    (24, b'{"type":"track","event":"   ","userId":"u-1021","timestamp":"2026-06-24T10:00:00Z"}', "missing_event"),
    (27, b'["track","Product Viewed"]', "invalid_field: no object"),
]


class Person:
    """Somebody who visits the shop. `born` says whether they sign up in June or were a customer before."""

    def __init__(self, rng, number, place, kind):
        self.number, self.place, self.kind = number, place, kind
        self.zone, self.offset, locales, self.currency, self.country = PLACES[place]
        self.locale = rng.choice(locales)
        self.user_id = f"u-{1000 + number}"
        self.devices = [Device(rng, number, "a", place)]
        if rng.random() < 0.3:
            self.devices.append(Device(rng, number, "b", place))
        given, family = rng.choice(NAMES[place][0]), rng.choice(NAMES[place][1])
        if place == "shanghai":
            (self.first, first_plain), (self.last, last_plain) = given, family
        else:
            self.first, self.last = given, family
            first_plain, last_plain = given.lower(), family.lower()
        domain = rng.choice(["example.com", "example.org"])
        self.email = f"{first_plain}.{last_plain}{number}@{domain}".translate(PLAIN)
        # Ranges that are reserved for fiction; for China there is none, so nobody there gives a number.
        self.phone = {"berlin": f"030 23125 {number % 1000:03d}", "newyork": f"+1 ({(212, 646, 917)[number // 100]}) 555-01{number % 100:02d}"}.get(place)
        roll = rng.random()
        self.opt_in = True if roll < 0.72 else False if roll < 0.82 else None
        self.keenness = rng.choice([0.5, 0.8, 1.0, 1.0, 1.4, 2.2])
        self.taste = rng.sample(PRODUCTS, 7)
        self.member_card = f"MC-{20000 + 37 * number}" if kind == "customer" and rng.random() < 0.4 else None
        self.open_id = None
        self.known_on = set()
        self.signed_up = kind == "customer"


class Device:
    def __init__(self, rng, number, letter, place):
        self.anonymous_id = f"anon-{number:03d}{letter}-{rng.getrandbits(32):08x}"
        self.kind, self.os, self.model = rng.choice(DEVICES[place])


class Log:
    """Collects records with the time at which they were received."""

    def __init__(self, rng):
        self.rng, self.lines, self.count = rng, [], 0

    def add(self, person, device, at, type_, event=None, properties=None, traits=None, context=None, delay=None,
            identified=None, message_id=None):
        self.count += 1
        sent = at + (delay or timedelta(milliseconds=self.rng.randint(180, 4200)))
        record = {"type": type_, "messageId": message_id or f"m-{self.count:05d}-{self.rng.getrandbits(24):06x}"}
        if event:
            record["event"] = event
        known = device.anonymous_id in person.known_on if identified is None else identified
        if known and person.kind != "visitor":
            record["userId"] = person.user_id
        record["anonymousId"] = device.anonymous_id
        record["timestamp"], record["sentAt"] = iso(at), iso(sent)
        for name, value in (("properties", properties), ("traits", traits), ("context", context)):
            if value:
                record[name] = value
        self.lines.append((sent, len(self.lines), record))
        return record

    def server(self, person, at, event, properties, delay=None, context=None):
        """What the shop's own systems report: by user id alone."""
        self.count += 1
        sent = at + (delay or timedelta(seconds=2))
        record = {"type": "track", "messageId": f"s-{self.count:05d}", "event": event, "userId": person.user_id,
                  "timestamp": iso(at), "sentAt": iso(sent), "properties": properties}
        if context:
            record["context"] = context
        self.lines.append((sent, len(self.lines), record))
        return record

    def raw(self, at, record):
        self.lines.append((at, len(self.lines), record))


class Shop:
    def __init__(self, rng):
        self.rng, self.log, self.orders, self.cases = rng, Log(rng), 0, 0

    # What a person does.

    def session(self, person, at, products=None, buy=None, add=None, dwell=None, signup=False):
        """One visit: some pages, some products, perhaps a cart, perhaps an order. Returns when it ended."""
        rng, log = self.rng, self.log
        device = rng.choice(person.devices)
        context = {"locale": person.locale, "timezone": person.zone,
                   "page": {"url": SITE + "/", "title": "Kettle & Leaf"},
                   "device": {"type": device.kind}, "os": {"name": device.os}}
        if device.model:
            context["device"]["model"] = device.model
        entrances = ENTRANCES_CN if person.place == "shanghai" else ENTRANCES
        _, referrer, utm = rng.choices(entrances, [e[0] for e in entrances])[0]
        if referrer:
            context["page"]["referrer"] = referrer
        if utm:
            context["campaign"] = dict(zip(("source", "medium", "name"), utm))
        log.add(person, device, at, "page", properties={"name": "Home"}, context=context)
        at += seconds(rng, 5, 40)
        if person.kind != "visitor" and device.anonymous_id not in person.known_on and (signup or person.signed_up):
            at = self.log_in(person, device, at, new=signup and not person.signed_up)
        if products is None:
            products = rng.sample(person.taste, min(len(person.taste), 1 + int(rng.expovariate(0.55))))
        for product in products:
            at = self.view(person, device, at, product, dwell)
        if add is None:
            add = [p for p in products if rng.random() < 0.22 * person.keenness][:3]
        for product in add:
            at = self.put_in_cart(person, device, at, product)
        if buy is None:
            # Few order without an account.
            buy = bool(add) and rng.random() < (0.5 if device.anonymous_id in person.known_on else 0.12)
        if buy:
            at = self.order(person, device, at, add or products[:1])
        return at

    def log_in(self, person, device, at, new):
        rng, log = self.rng, self.log
        traits = {"email": person.email, "firstName": person.first, "lastName": person.last, "country": person.country}
        if person.opt_in is not None:
            traits["email_opt_in"] = person.opt_in
        if person.phone and rng.random() < 0.5:
            traits["phone"] = person.phone
        if person.kind == "customer":
            traits["customer_since"] = 2021 + person.number % 5
        context = {"locale": person.locale, "timezone": person.zone}
        cards = [("memberCard", person.member_card), ("openId", person.open_id)]
        external = [{"type": kind, "id": value} for kind, value in cards if value]
        if external:
            context["externalIds"] = external
        person.known_on.add(device.anonymous_id)
        log.add(person, device, at, "identify", traits=traits, context=context)
        person.signed_up = True
        if new:
            at += timedelta(milliseconds=400)
            log.add(person, device, at, "track", "Signed Up", {"method": rng.choice(["email", "email", "one-tap"])})
        return at + seconds(rng, 4, 20)

    def view(self, person, device, at, product, dwell=None):
        dwell = dwell or int(self.rng.lognormvariate(3.4, 1.0) * 1000)
        dwell = max(900, min(dwell, 900_000))
        self.log.add(person, device, at, "track", "Product Viewed",
                     {**described(person, product), "url": f"{SITE}/p/{product[0]}", "dwell_ms": dwell})
        return at + timedelta(milliseconds=dwell) + seconds(self.rng, 1, 6)

    def put_in_cart(self, person, device, at, product):
        self.log.add(person, device, at, "track", "Product Added",
                     {**described(person, product), "url": f"{SITE}/p/{product[0]}", "quantity": 1})
        return at + seconds(self.rng, 5, 40)

    def order(self, person, device, at, products):
        at += seconds(self.rng, 60, 240)
        self.log.add(person, device, at, "track", "Order Completed", self.basket(person, products))
        return at

    def basket(self, person, products):
        self.orders += 1
        shipping = {"EUR": 4.9, "CNY": 12}[person.currency]
        lines, revenue = [], 0
        for product in products:
            quantity = 2 if product[3] in ("Tea", "Coffee") and self.rng.random() < 0.25 else 1
            line = described(person, product)
            lines.append({**line, "quantity": quantity})
            revenue += line["price"] * quantity
        for line in lines:
            del line["currency"]
        return {"order_id": f"o-{5000 + self.orders}", "revenue": round(revenue, 2), "shipping": shipping,
                "total": round(revenue + shipping, 2), "currency": person.currency, "products": lines}

    def refund(self, person, order, at):
        self.log.server(person, at, "Order Refunded", {"order_id": order["order_id"], "total": order["revenue"],
                                                       "currency": order["currency"], "reason": "damaged in transit"})

    def case(self, person, kind, opened, closed, channel="chat"):
        self.cases += 1
        case = {"case_id": f"c-{300 + self.cases}", "case_kind": kind, "channel": channel}
        self.log.server(person, opened, "Case Opened", case)
        if closed:
            self.log.server(person, closed, "Case Closed", {**case, "outcome": "resolved"})


def described(person, product):
    chinese = person.place == "shanghai"
    price = product[6] if chinese else product[5]
    return {"product_id": product[0], "name": product[2] if chinese else product[1], "category": product[3],
            "brand": product[4], "price": int(price) if price == int(price) else price, "currency": person.currency}


def seconds(rng, low, high):
    return timedelta(milliseconds=rng.randint(low * 1000, high * 1000))


def iso(at):
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def local(person, day, hour, minute=0):
    """A local clock time on a day of June, in UTC."""
    return START + timedelta(days=day - 1, hours=hour - person.offset, minutes=minute)


def by_id(*ids):
    return [p for i in ids for p in PRODUCTS if p[0] == i]


def crowd(rng, shop):
    """What chance brings."""
    people = []
    kinds = ["visitor"] * 55 + ["newcomer"] * 80 + ["customer"] * 70
    rng.shuffle(kinds)
    for number, kind in enumerate(kinds):
        place = rng.choices(list(PLACES), [38, 38, 24])[0]
        person = Person(rng, number, place, kind)
        people.append(person)
        visits = 1 + int(rng.expovariate(1 / (2.6 * person.keenness)))
        if kind == "visitor":
            visits = min(visits, 2)
        days = sorted(rng.sample(range(1, DAYS + 1), min(visits, DAYS)))
        sign_up_on = rng.choice(days) if kind == "newcomer" else None
        for day in days:
            hour = rng.choices(range(24), [1, 0, 0, 0, 0, 1, 3, 5, 6, 6, 6, 6, 8, 7, 5, 5, 6, 7, 9, 12, 15, 15, 10, 4])[0]
            at = local(person, day, hour, rng.randrange(60)) + timedelta(milliseconds=rng.randrange(60_000))
            end = shop.session(person, at, signup=day == sign_up_on)
            # The app was offline: what was done on the train arrives the next morning.
            if rng.random() < 0.012 and kind == "customer":
                shop.log.add(person, person.devices[0], end + timedelta(minutes=20), "screen",
                             properties={"name": "Brew Timer", "dwell_ms": rng.randint(60_000, 420_000)},
                             delay=timedelta(hours=rng.randint(9, 20)))
    for person in people:
        if person.kind == "visitor":
            continue
        if person.opt_in and rng.random() < 0.07:
            at = local(person, rng.randint(12, 28), 12, rng.randrange(60))
            shop.log.server(person, at, "Unsubscribed", {"channel": "email"})
        if person.opt_in is None and rng.random() < 0.2:
            at = local(person, rng.randint(10, 25), 18, rng.randrange(60))
            shop.log.server(person, at, "Subscribed", {"channel": "email"})
        if rng.random() < 0.05:
            opened = local(person, rng.randint(8, 26), 10, rng.randrange(60))
            kind = rng.choice(["question", "return", "question"])
            shop.case(person, kind, opened, opened + timedelta(hours=rng.randint(1, 30)))
        if person.member_card:
            # The physical shop: sold in the afternoon, sent after closing, at half past eight.
            for day in sorted(rng.sample(range(2, 29), rng.choice([1, 1, 2]))):
                at = local(person, day, rng.randint(11, 18), rng.randrange(60))
                closing = local(person, day, 20, 30) + seconds(rng, 0, 300)
                basket = shop.basket(person, rng.sample(person.taste, rng.choice([1, 1, 2])))
                shop.log.server(person, at, "Order Completed", {**basket, "shipping": 0, "total": basket["revenue"],
                                "store": person.place}, delay=closing - at,
                                context={"externalIds": [{"type": "memberCard", "id": person.member_card}]})
    return people


def stories(rng, shop, number):
    """What is there on purpose. All of these people said yes to e-mail, unless it says otherwise."""

    def someone(place, kind="customer", opt_in=True):
        nonlocal number
        number += 1
        person = Person(rng, number, place, kind)
        person.opt_in, person.member_card, person.devices = opt_in, None, person.devices[:1]
        return person

    # Looked at the kettle, came back, looked again, did not buy: one coupon three days after the first look.
    for place in ("berlin", "shanghai", "newyork", "berlin", "shanghai"):
        person, day = someone(place), rng.randint(3, 20)
        shop.session(person, local(person, day, 12, rng.randrange(60)), by_id("ket-gooseneck"), False, [], 95_000)
        shop.session(person, local(person, day + 1, 18, 5), by_id("ket-gooseneck", "dri-v60"), False, [], 60_000)

    # Looked at it and bought it two days later: no coupon.
    for place in ("berlin", "shanghai", "newyork"):
        person, day = someone(place), rng.randint(3, 20)
        shop.session(person, local(person, day, 13, 10), by_id("gri-hand"), False, [], 80_000)
        shop.session(person, local(person, day + 2, 13, 10), by_id("gri-hand"), True, by_id("gri-hand"), 30_000)

    # Looked at it, bought it two and a half days later in the shop, whose till reported it only at closing time.
    for place in ("berlin", "shanghai"):
        person, day = someone(place), rng.randint(4, 18)
        shop.session(person, local(person, day, 21, 30), by_id("pot-yixing"), False, [], 75_000)
        at = local(person, day + 3, 11, 20)
        shop.log.server(person, at, "Order Completed", shop.basket(person, by_id("pot-yixing")),
                        delay=local(person, day + 3, 20, 31) - at)

    # A long evening with four kettles and pots: four coupons fall due on one day, of which one may be sent.
    for place in ("berlin", "shanghai", "newyork", "shanghai"):
        person, day = someone(place), rng.randint(5, 22)
        shop.session(person, local(person, day, 15, 40),
                     by_id("ket-iron", "ket-smart", "pot-yixing", "pot-gaiwan"), False, [], 130_000)

    # Browsing at eleven at night: the coupon waits for the morning.
    for place in ("berlin", "shanghai", "newyork", "newyork"):
        person, day = someone(place), rng.randint(5, 22)
        shop.session(person, local(person, day, 23, rng.randrange(10, 50)), by_id("tea-puer-2016"), False, [], 140_000)

    # A full cart left behind in the morning, and nothing after it: two reminders.
    for place in ("berlin", "shanghai", "newyork", "berlin"):
        person, day = someone(place), rng.randint(4, 25)
        things = by_id("cof-espresso", "dri-press")
        shop.session(person, local(person, day, 10, rng.randrange(60)), things, False, things, 15_000)

    # A cart left behind, and bought the same evening after the first reminder: one reminder.
    for place in ("berlin", "shanghai", "newyork"):
        person, day = someone(place), rng.randint(4, 25)
        things = by_id("tea-longjing")
        shop.session(person, local(person, day, 9, 20), things, False, things, 12_000)
        shop.session(person, local(person, day, 18, 45), things, True, things, 9_000)

    # Bought, and it arrived broken. While the complaint is open they look at other things: no marketing until it is
    # closed. Two of them are refunded.
    for index, place in enumerate(("berlin", "shanghai", "newyork", "berlin", "shanghai")):
        person, day = someone(place), rng.randint(3, 14)
        pot = by_id("pot-glass")
        at = shop.session(person, local(person, day, 12, 15), pot, True, pot, 12_000)
        order = shop.log.lines[-1][2]["properties"]
        shop.session(person, local(person, day + 3, 12, 40), by_id("cup-double", "tea-jasmine"), False, [], 70_000)
        shop.case(person, "complaint", local(person, day + 4, 9, 30), local(person, day + 7, 16, 20))
        if index < 2:
            shop.refund(person, order, local(person, day + 7, 16, 0))

    # A complaint that nobody has answered yet.
    person = someone("newyork")
    shop.session(person, local(person, 25, 12), by_id("ket-smart"), False, [], 70_000)
    shop.case(person, "complaint", local(person, 26, 10), None, "email")

    # Signed up with a plain no, or with no word about e-mail: no welcome.
    for place, opt_in in (("berlin", None), ("shanghai", False), ("newyork", None)):
        person, day = someone(place, "newcomer", opt_in), rng.randint(3, 25)
        shop.session(person, local(person, day, 17, 30), by_id("tea-earl-grey"), False, [], 50_000, signup=True)

    # Looked, then took the yes back before the coupon was due.
    for place in ("berlin", "shanghai"):
        person, day = someone(place), rng.randint(5, 22)
        shop.session(person, local(person, day, 13), by_id("gri-electric"), False, [], 110_000)
        shop.log.server(person, local(person, day + 2, 12), "Unsubscribed", {"channel": "email"})

    # Bought early in the month, and not since: three weeks later the shop asks how they are.
    for place in ("berlin", "shanghai", "newyork", "shanghai", "berlin"):
        person, day = someone(place), rng.randint(1, 7)
        tea = by_id("tea-tieguanyin", "tea-darjeeling")
        shop.session(person, local(person, day, 14, 50), tea, True, tea, 14_000)

    # Bought the kettle that talks, and registered it.
    for place in ("berlin", "shanghai", "newyork"):
        person, day = someone(place), rng.randint(2, 15)
        kettle = by_id("ket-smart")
        shop.session(person, local(person, day, 19, 10), kettle, True, kettle, 18_000)
        shop.log.server(person, local(person, day + 3, 19, 30), "Device Registered", {"device_model": "Hearth K12"})

    # A mini-program: known by open id first, by the shop's own id later.
    person = someone("shanghai", "newcomer")
    person.open_id = f"oT4kV5{rng.getrandbits(88):022x}"
    open_id = {"externalIds": [{"type": "openId", "id": person.open_id}],
               "locale": person.locale, "timezone": person.zone}
    device, at = person.devices[0], local(person, 9, 20, 5)
    for name in ("Home", "Tea", "明前龙井 100克"):
        shop.log.add(person, device, at, "screen", properties={"name": name}, context=open_id, identified=False)
        at += seconds(rng, 15, 50)
    shop.session(person, local(person, 10, 12, 30), by_id("tea-longjing"), True, by_id("tea-longjing"), 20_000, signup=True)
    shop.log.add(person, device, local(person, 12, 21, 0), "screen", properties={"name": "Orders"}, context=open_id)

    # Two people of one household, with one phone number: they stay two people.
    one, other = someone("berlin"), someone("berlin")
    for index, person in enumerate((one, other)):
        at = shop.session(person, local(person, 6 + index, 17, 20), by_id("cof-espresso"), False, [], 11_000)
        traits = {"email": person.email, "phone": one.phone}
        shop.log.add(person, person.devices[0], at, "identify", traits=traits)

    # A company account.
    person = someone("berlin")
    at = shop.session(person, local(person, 4, 9, 15), by_id("cof-espresso"), True, by_id("cof-espresso"), 10_000)
    shop.log.raw(at + timedelta(minutes=2), {
        "type": "group", "messageId": "m-group-1", "userId": person.user_id, "groupId": "acc-17",
        "timestamp": iso(at + timedelta(minutes=2)), "sentAt": iso(at + timedelta(minutes=2, seconds=1)),
        "traits": {"company": "Studio Nord", "employees": 14}})

    # A phone whose clock runs eleven days ahead: both its times are wrong alike, the server's is right.
    person = someone("newyork")
    for minute, product in ((0, "cof-decaf"), (3, "dri-filters"), (5, "cup-double")):
        at = local(person, 16, 12, minute)
        wrong = at + timedelta(days=11)
        record = shop.log.add(person, person.devices[0], at, "track", "Product Viewed",
                              {**described(person, by_id(product)[0]), "dwell_ms": 24_000 + minute * 1000})
        record["timestamp"], record["sentAt"] = iso(wrong), iso(wrong + timedelta(seconds=3))
        record["receivedAt"] = iso(at + timedelta(seconds=3))

    # Times that are no use: of the year 3000, and none. The time of receipt stands in.
    person = someone("berlin")
    device = person.devices[0]
    record = shop.log.add(person, device, local(person, 13, 15), "page", properties={"name": "Brew Guide"})
    record["timestamp"] = "3000-01-01T00:00:00Z"
    record["receivedAt"] = record.pop("sentAt")
    for day in (14, 18):
        record = shop.log.add(person, device, local(person, day, 15), "page", properties={"name": "Brew Guide"})
        del record["timestamp"]

    # Placeholders beside a usable id: the placeholder is passed over.
    for index, junk in enumerate(("null", "undefined", "0", "-1", "00000000-0000-0000-0000-000000000000")):
        person = someone("berlin", "visitor")
        record = shop.log.add(person, person.devices[0], local(person, 10 + index, 16), "page", properties={"name": "Home"})
        record["userId"] = junk


def main():
    rng = random.Random(SEED)
    shop = Shop(rng)
    people = crowd(rng, shop)
    stories(rng, shop, len(people))

    ends = START + timedelta(days=DAYS)
    lines = [(at, order, json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode())
             for at, order, record in shop.log.lines if at < ends]
    # A client that got no answer sends again: the same record, some seconds later.
    for at, order, line in rng.sample(lines, 45):
        lines.append((at + seconds(rng, 5, 90), len(lines), line))
    for day, line, _ in BROKEN:
        lines.append((START + timedelta(days=day - 1, hours=12), len(lines), line))
    lines.sort(key=lambda line: (line[0], line[1]))
    for _, _, line in lines:
        sys.stdout.buffer.write(line + b"\n")


if __name__ == "__main__":
    main()
