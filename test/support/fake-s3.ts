/**
 * A strict server of S3, in memory: it computes each signature anew, compares each body with the hash that was signed, knows
 * `If-None-Match`, uploads in parts and lists, and can be told to fail in the ways that real ones do. It shares nothing
 * with the code under test.
 */
import { createHash, createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';

export const KEYS = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
};

/** What goes wrong with the next request that fits. */
export type Fault =
  | 'slowDown' // 503 before anything is done
  | 'failAfter' // 500, and it is done
  | 'errorIn200' // 200 whose body is an error, and nothing is done
  | 'cut' // the connection ends in the answer, or before it
  | 'hang' // no answer at all
  | 'conflict' // 409: another has just put or removed it, and nothing is done
  | 'elsewhere' // 301: the bucket is in another region
  | 'wrongRegion' // 400: the same, as some requests hear it
  | 'noHeaders' // 501 for a put under a condition
  | 'wrongLength' // the answer is shorter than it says
  | 'wrongBytes'; // a byte of an object turns on the way out

/** An answer to HEAD has no body that could be wrong, and no server says a length that is not the object's. */
const isCut = (method: string, fault: Fault | undefined): boolean =>
  method === 'HEAD'
    ? ['cut', 'errorIn200', 'wrongLength', 'wrongBytes'].includes(fault ?? '')
    : method !== 'GET' && fault === 'cut';

export interface Seen {
  readonly method: string;
  readonly key: string;
  readonly query: string;
}

interface Upload {
  readonly key: string;
  readonly parts: Map<number, { readonly body: Buffer; readonly tag: string }>;
}

const hex = (body: Buffer | string): string => createHash('sha256').update(body).digest('hex');
const hmac = (key: Buffer | string, text: string): Buffer =>
  createHmac('sha256', key).update(text).digest();
const tagOf = (body: Buffer): string => `"${createHash('md5').update(body).digest('hex')}"`;
const escapedXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
const encoded = (text: string): string =>
  encodeURIComponent(text).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );

class Refused extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message = code) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export class FakeS3 {
  readonly objects = new Map<string, Buffer>();
  readonly uploads = new Map<string, Upload>();
  readonly seen: Seen[] = [];
  /** Asked for each request; undefined: all goes well. */
  fault: (seen: Seen) => Fault | undefined = () => undefined;
  /** What keys that hold for a while come with; undefined: they come with nothing. */
  sessionToken: string | undefined;
  /** Objects of one list. */
  pageSize = 1_000;
  /** As one does that is behind a network for faster pages: for whoever takes it packed, nobody knows how long it is. */
  packsAnswers = false;
  /** Of a server that knows lists of the first kind alone: where a list goes on it does not say. */
  saysNext = true;
  #count = 0;
  readonly #server: Server;
  readonly bucket = 'green-room';

  private constructor() {
    this.#server = createServer((request, response) => void this.#take(request, response));
  }

  static async start(): Promise<FakeS3> {
    const fake = new FakeS3();
    await new Promise<void>((resolve) => fake.#server.listen(0, '127.0.0.1', resolve));
    return fake;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** What somebody who looks from outside sees: keys, and uploads that nobody has ended. */
  get listing(): readonly string[] {
    return [
      ...this.objects.keys(),
      ...[...this.uploads.values()].map(({ key }) => `upload of ${key}`),
    ].sort();
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      return; // it was cut
    }
    const body = Buffer.concat(chunks);
    const url = new URL(request.url ?? '/', this.endpoint);
    const [, bucket = '', ...rest] = url.pathname.split('/');
    const key = decodeURIComponent(rest.join('/'));
    const seen: Seen = { method: request.method ?? '', key, query: url.search };
    this.seen.push(seen);
    const fault = this.fault(seen);
    if (fault === 'hang') return;
    try {
      this.#mustBeSigned(request, url, body);
      if (bucket !== this.bucket) throw new Refused(404, 'NoSuchBucket');
      if (fault === 'slowDown')
        throw new Refused(503, 'SlowDown', 'Please reduce your request rate');
      if (fault === 'conflict') throw new Refused(409, 'ConditionalRequestConflict');
      if (fault === 'elsewhere' || fault === 'wrongRegion') {
        const status = fault === 'elsewhere' ? 301 : 400;
        response.writeHead(status, { 'x-amz-bucket-region': 'eu-other-1' }).end();
        return;
      }
      if (fault === 'noHeaders' && request.headers['if-none-match'] !== undefined)
        throw new Refused(501, 'NotImplemented');
      if (isCut(seen.method, fault)) {
        request.socket.destroy();
        return;
      }
      if (fault === 'errorIn200') {
        response.writeHead(200).end(error('InternalError', 'We encountered an internal error'));
        return;
      }
      const answer = this.#answer(request, url, key, body);
      const takesGzip = String(request.headers['accept-encoding']).includes('gzip');
      if (this.packsAnswers && takesGzip && answer.status < 300) {
        const headers = { ...answer.headers, 'content-encoding': 'gzip' } as Record<string, string>;
        delete headers['content-length'];
        return void response.writeHead(answer.status, headers).end(gzipSync(answer.body ?? ''));
      }
      if (fault === 'failAfter') throw new Refused(500, 'InternalError');
      this.#send(response, answer, fault);
    } catch (refusal) {
      const { status, code, message } = refusal as Refused;
      response.writeHead(status ?? 500).end(error(code ?? 'InternalError', message));
    }
  }

  #send(
    response: ServerResponse,
    { status, headers = {}, body = Buffer.alloc(0) }: Answered,
    fault: Fault | undefined,
  ): void {
    if (fault === 'wrongBytes' && body.length > 0) {
      const turned = Buffer.from(body);
      turned[turned.length >> 1] = (turned[turned.length >> 1] ?? 0) ^ 1;
      response.writeHead(status, headers).end(turned);
      return;
    }
    if (fault === 'cut' || fault === 'wrongLength') {
      const length = fault === 'cut' ? body.length : Math.max(0, body.length - 1);
      response.writeHead(status, { ...headers, 'content-length': length });
      if (fault === 'wrongLength') return void response.end(body.subarray(0, length));
      response.write(body.subarray(0, body.length >> 1), () => response.destroy());
      return;
    }
    response.writeHead(status, { 'content-length': body.length, ...headers }).end(body);
  }

  #answer(request: IncomingMessage, url: URL, key: string, body: Buffer): Answered {
    const query = url.searchParams;
    const { method } = request;
    if (key === '') return query.has('uploads') ? this.#listUploads(query) : this.#list(query);
    if (method === 'POST' && query.has('uploads')) return this.#begin(key);
    const uploadId = query.get('uploadId');
    if (uploadId !== null) {
      const upload = this.uploads.get(uploadId);
      if (upload === undefined || upload.key !== key) throw new Refused(404, 'NoSuchUpload');
      if (method === 'PUT') return part(upload, Number(query.get('partNumber')), body);
      this.uploads.delete(uploadId);
      if (method === 'DELETE') return { status: 204 };
      try {
        return this.#complete(upload, body);
      } catch (refused) {
        this.uploads.set(uploadId, upload);
        throw refused;
      }
    }
    if (method === 'PUT') return this.#put(request, key, body);
    if (method === 'DELETE') {
      this.objects.delete(key);
      return { status: 204 };
    }
    const object = this.objects.get(key);
    if (object === undefined) throw new Refused(404, 'NoSuchKey');
    if (method === 'HEAD')
      return { status: 200, headers: { 'content-length': String(object.length) } };
    return ranged(object, request.headers.range);
  }

  #put(request: IncomingMessage, key: string, body: Buffer): Answered {
    if (request.headers['if-none-match'] === '*' && this.objects.has(key))
      throw new Refused(412, 'PreconditionFailed');
    this.objects.set(key, body);
    return { status: 200, headers: { etag: tagOf(body) } };
  }

  #begin(key: string): Answered {
    const uploadId = `upload-${++this.#count}`;
    this.uploads.set(uploadId, { key, parts: new Map() });
    return xml(
      'InitiateMultipartUploadResult',
      `<Key>${escapedXml(key)}</Key><UploadId>${uploadId}</UploadId>`,
    );
  }

  #complete(upload: Upload, body: Buffer): Answered {
    const named = [
      ...body.toString().matchAll(/<PartNumber>(\d+)<\/PartNumber><ETag>(.*?)<\/ETag>/g),
    ];
    const bodies = named.map(([, number, tag], at) => {
      const known = upload.parts.get(Number(number));
      if (Number(number) !== at + 1) throw new Refused(400, 'InvalidPartOrder');
      if (known === undefined || escapedXml(known.tag) !== tag)
        throw new Refused(400, 'InvalidPart');
      if (at < named.length - 1 && known.body.length < 5 * 1024 * 1024)
        throw new Refused(400, 'EntityTooSmall');
      return known.body;
    });
    if (bodies.length === 0) throw new Refused(400, 'MalformedXML');
    this.objects.set(upload.key, Buffer.concat(bodies));
    return xml('CompleteMultipartUploadResult', `<Key>${escapedXml(upload.key)}</Key>`);
  }

  #listUploads(query: URLSearchParams): Answered {
    const prefix = query.get('prefix') ?? '';
    const found = [...this.uploads].filter(([, { key }]) => key.startsWith(prefix));
    return xml(
      'ListMultipartUploadsResult',
      found
        .map(
          ([id, { key }]) =>
            `<Upload><Key>${escapedXml(key)}</Key><UploadId>${id}</UploadId></Upload>`,
        )
        .join(''),
    );
  }

  #list(query: URLSearchParams): Answered {
    const prefix = query.get('prefix') ?? '';
    const after = query.get('continuation-token') ?? '';
    const all = [...this.objects.keys()]
      .filter((key) => key.startsWith(prefix) && key > after)
      .sort();
    const page = all.slice(0, this.pageSize);
    const rest = page
      .map((key) => {
        const size = this.objects.get(key)?.length;
        return `<Contents><Key>${escapedXml(key)}</Key><Size>${size}</Size></Contents>`;
      })
      .join('');
    const isCut = page.length < all.length;
    const next =
      isCut && this.saysNext ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : '';
    return xml('ListBucketResult', `<IsTruncated>${isCut}</IsTruncated>${next}${rest}`);
  }

  /** As the documents of AWS have it, step by step. */
  #mustBeSigned(request: IncomingMessage, url: URL, body: Buffer): void {
    const said =
      /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
        request.headers.authorization ?? '',
      );
    if (said === null) throw new Refused(403, 'AccessDenied', 'no signature');
    const [, id, day = '', region = '', names = '', signature] = said;
    if (id !== KEYS.accessKeyId) throw new Refused(403, 'InvalidAccessKeyId');
    const date = String(request.headers['x-amz-date']);
    const hash = String(request.headers['x-amz-content-sha256']);
    if (hash !== hex(body)) throw new Refused(400, 'XAmzContentSHA256Mismatch');
    if (!date.startsWith(day)) throw new Refused(403, 'SignatureDoesNotMatch', 'another day');
    const token = request.headers['x-amz-security-token'];
    if (token !== this.sessionToken) throw new Refused(403, 'InvalidToken');
    const withToken = token === undefined ? [] : ['x-amz-security-token'];
    for (const needed of ['host', 'x-amz-date', 'x-amz-content-sha256', ...withToken])
      if (!names.split(';').includes(needed))
        throw new Refused(403, 'AccessDenied', `${needed} is not signed`);
    const headers = names
      .split(';')
      .map((name) => `${name}:${String(request.headers[name]).trim().replace(/\s+/g, ' ')}\n`);
    const pairs = [...url.searchParams]
      .map(([key, value]) => `${encoded(key)}=${encoded(value)}`)
      .sort();
    const path = url.pathname
      .split('/')
      .map((step) => encoded(decodeURIComponent(step)))
      .join('/');
    const canonical = [request.method, path, pairs.join('&'), headers.join(''), names, hash].join(
      '\n',
    );
    const scope = `${day}/${region}/s3/aws4_request`;
    const toSign = ['AWS4-HMAC-SHA256', date, scope, hex(canonical)].join('\n');
    const key = ['aws4_request'].reduce(
      hmac,
      hmac(hmac(hmac(`AWS4${KEYS.secretAccessKey}`, day), region), 's3'),
    );
    if (hmac(key, toSign).toString('hex') !== signature)
      throw new Refused(403, 'SignatureDoesNotMatch');
  }
}

interface Answered {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: Buffer;
}

const error = (code: string, message: string): string =>
  `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${escapedXml(message)}</Message></Error>`;

const xml = (name: string, inner: string): Answered => ({
  status: 200,
  body: Buffer.from(`<?xml version="1.0"?><${name}>${inner}</${name}>`),
});

const part = (upload: Upload, number: number, body: Buffer): Answered => {
  if (!(number >= 1 && number <= 10_000)) throw new Refused(400, 'InvalidArgument');
  const tag = tagOf(body);
  upload.parts.set(number, { body, tag });
  return { status: 200, headers: { etag: tag } };
};

const ranged = (object: Buffer, range: string | undefined): Answered => {
  const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(range ?? '') ?? [];
  if (from === undefined) return { status: 200, body: object };
  if (Number(from) >= object.length) throw new Refused(416, 'InvalidRange');
  return { status: 206, body: object.subarray(Number(from), Number(to) + 1) };
};
