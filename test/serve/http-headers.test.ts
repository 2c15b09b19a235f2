import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { expect } from 'chai';
import { headersForClient, headersForPlugin } from '../../src/serve/http-headers.ts';
import { CLIENT } from './served.ts';

describe('the headers that a plugin sees and sends over HTTP', () => {
  it('have neither the token of the client nor its cookies, nor what is of the connection', () => {
    const message = new IncomingMessage(new Socket());
    message.rawHeaders.push('Authorization', `Bearer ${CLIENT}`, 'Cookie', 'a=b', 'Connection', 'X-Hop, close');
    message.rawHeaders.push('X-Hop', '1', 'Host', 'a.example', 'TE', 'trailers', 'Transfer-Encoding', 'chunked');
    message.rawHeaders.push('Accept', 'text/html', 'X-Twice', '1', 'x-twice', '2');
    message.headers.connection = 'X-Hop, close';
    expect([...headersForPlugin(message)]).to.deep.equal([
      ['accept', 'text/html'],
      ['x-twice', '1, 2'],
    ]);
  });

  it('have nothing that a browser would take as said by the whole host', () => {
    const sent = new Headers({
      'content-type': 'text/html',
      'strict-transport-security': 'max-age=1',
      'clear-site-data': '"*"',
      'content-security-policy': 'default-src *',
      connection: 'x-hop',
      'x-hop': '1',
    });
    sent.append('set-cookie', 'a=b');
    expect(headersForClient(sent, 'GET')).to.deep.equal({ 'content-type': 'text/html' });
  });

  it('have the length of a body for HEAD alone', () => {
    const sent = new Headers({ 'content-length': '5' });
    expect(headersForClient(sent, 'GET')).to.deep.equal({});
    expect(headersForClient(sent, 'HEAD')).to.deep.equal({ 'content-length': '5' });
  });

  it('have nothing that cannot be sent', () => {
    expect(() => headersForClient(new Headers({ 'x-test': '\u0001' }), 'GET')).to.throw('cannot be sent');
  });
});
