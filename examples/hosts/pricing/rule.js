// A customer's rule: a tenth off from a hundred dollars on.
import { convert } from 'acme:pricing/rates@1.0.0';

export function price(items, currency) {
  const sum = items.reduce((total, item) => total + item, 0);
  return convert(sum >= 100 ? sum * 0.9 : sum, 'USD', currency);
}
