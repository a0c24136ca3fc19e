// What each client tells: somebody looks at a product, says who they are, looks at three more, and buys.
const [host, key] = process.argv.slice(2);

const story = (name) => ({
  user: `${name}-ann`,
  anonymous: `anon-${name}`,
  traits: { email: `ann@${name}.example.com`, plan: "gold" },
  views: [1, 2, 3, 4].map((n) => ({ product_id: `p-${n}`, category: "Cups", price: 9.5 })),
  order: { order_id: `o-${name}`, revenue: 30.25, currency: "EUR", products: [{ product_id: "p-1", price: 30.25, quantity: 1 }] },
});

const found = [];
const errors = {
  add: (error) => void found.push(error),
  report: () => {
    for (const error of found) console.error(error?.message ?? error);
    process.exit(found.length ? 1 : 0);
  },
};

export { errors, host, key, story };
