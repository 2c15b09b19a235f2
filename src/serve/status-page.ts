import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { packageRoot } from '../package/root.ts';
import type { Exchange } from './exchange.ts';

interface Page {
  readonly html: string;
  readonly policy: string;
}

let page: Promise<Page> | undefined;

/** `GET /`: the status page. It shows what `/status/events` tells, and may load nothing from anywhere else. */
export async function statusPage(exchange: Exchange): Promise<void> {
  page ??= readPage();
  const { html, policy } = await page;
  exchange.send(200, 'text/html; charset=utf-8', html, { 'content-security-policy': policy });
}

/** Its own style and script are the only ones that run: by their hashes, so that the file is one and needs no build. */
async function readPage(): Promise<Page> {
  const html = await readFile(new URL('pages/status.html', packageRoot()), 'utf8');
  const digestOf = (tag: string): string => {
    const [, text] = new RegExp(`<${tag}[^>]*>(.*?)</${tag}>`, 's').exec(html)!;
    return `'sha256-${hash('sha256', text!, 'base64')}'`;
  };
  const sources = `style-src ${digestOf('style')}; script-src ${digestOf('script')}; connect-src 'self'`;
  return {
    html,
    policy: `default-src 'none'; ${sources}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  };
}
