// A customer's rule: discounts by article, and every third order is a tenth off.
import { add, get, set } from 'acme:shop/store@1.0.0';

export const pricing = {
  quote(lines) {
    if (lines.length === 0) throw 'an order without lines has no price';
    let sum = 0;
    for (const { sku, quantity, price } of lines) {
      const percent = Number(get(`discount/${sku}`) ?? 0);
      sum += quantity * price * (1 - percent / 100);
    }
    return add('orders', 1) % 3 === 0 ? sum * 0.9 : sum;
  },

  setDiscount(sku, percent) {
    if (percent > 100) throw `nobody gives ${percent} percent`;
    set(`discount/${sku}`, String(percent));
  },
};
