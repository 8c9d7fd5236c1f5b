/**
 * Archives in a bucket of S3, or of a server that speaks as it does. Addresses have the bucket in their path, which all
 * of them understand.
 *
 * 1. What is sent is signed with its hash, so a byte that turns on the way is refused there.
 * 2. More than one part goes as a multipart upload, part by part; one that fails is aborted, and what a dead daemon left
 *    under a name is aborted when that name is put, or removed.
 * 3. Each request has a deadline, and what is read must keep coming. Nothing is tried again here: the archiver does.
 */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { AwsClient } from 'aws4fetch';
import { GreenroomError } from '../../model/errors.ts';
import type { Clock } from '../../otp/clock.ts';
import type { Place } from '../../session/ports/archives.ts';
import {
  elsewhereOf,
  failureOf,
  isUnknownHeader,
  textOf,
  textsOf,
  unescaped,
} from './s3-answers.ts';
import { isName, type Listed, type Local, mustBeName, type Target } from './target.ts';

export interface S3Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

export interface S3Options {
  readonly place: Extract<Place, { kind: 's3' }>;
  /** Asked for with each request: they may be renewed. Throws `invalid_settings`. */
  readonly keys: () => S3Keys;
  readonly clock: Clock;
  /** Bytes of a part; S3 takes no less than 5 MiB. */
  readonly partBytes?: number;
  /** Longest time of one request, and of silence while its answer comes. */
  readonly timeoutMs?: number;
  /** Told of bytes before they are sent, and behind those that came: waits where there is a limit. */
  readonly pace?: ((bytes: number) => Promise<void>) | undefined;
  /** Told of each request, and of bytes that go and come: they are what a provider asks money for. */
  readonly count?: ((what: Counted) => void) | undefined;
}

export interface Counted {
  /** `LIST` is a request of its own kind: it costs as much as one that puts. */
  readonly request?: Asked['method'] | 'LIST';
  readonly sent?: number;
  readonly received?: number;
}

const PART_BYTES = 16 * 1024 * 1024;
const MAX_PARTS = 10_000;
const TIMEOUT_MS = 120_000;
/** Of an answer that is no object. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
const EMPTY = Buffer.alloc(0);

interface Asked {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  readonly name: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Deadline {
  readonly signal: AbortSignal;
  /** Until it is renewed no time passes. */
  readonly rest: () => void;
  readonly renew: () => void;
  readonly end: () => void;
}

interface Answer extends Pick<Response, 'status' | 'ok' | 'headers'> {
  readonly text: string;
}

export class S3Target implements Target {
  readonly place: Extract<Place, { kind: 's3' }>;
  readonly #options: S3Options;

  constructor(options: S3Options) {
    this.place = options.place;
    this.#options = options;
  }

  uri(name: string): string {
    return `s3://${this.place.bucket}/${this.#key(name)}`;
  }

  local(): undefined {
    return undefined;
  }

  async put(name: string, file: Local, signal: AbortSignal, isForced = false): Promise<void> {
    if (!isForced && (await this.size(name, signal)) === file.size) return;
    const { partBytes = PART_BYTES } = this.#options;
    if (file.size > partBytes) return this.#putParts(name, file, signal);
    const handle = await open(file.path);
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(file.size), 0, file.size, 0);
      await this.overwrite(name, buffer.subarray(0, bytesRead), signal);
    } finally {
      await handle.close();
    }
  }

  async putOnce(name: string, bytes: Buffer, signal: AbortSignal): Promise<boolean> {
    const headers = { 'if-none-match': '*' };
    const answer = await this.#ask({ method: 'PUT', name, body: bytes, headers, signal });
    if (answer.status === 412) return false;
    if (!isUnknownHeader(answer)) {
      this.#mustBeGood(answer, name); // 409: another was at it, and which of the two is there is open
      return true;
    }
    if ((await this.size(name, signal)) !== undefined) return false;
    await this.overwrite(name, bytes, signal);
    return true;
  }

  async overwrite(name: string, bytes: Buffer, signal: AbortSignal): Promise<void> {
    this.#mustBeGood(await this.#ask({ method: 'PUT', name, body: bytes, signal }), name);
  }

  async *read(
    name: string,
    from: number,
    to: number,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array> {
    if (to <= from) return;
    const headers = { range: `bytes=${from}-${to - 1}` };
    const silence = this.#deadline(signal);
    try {
      const answer = await this.#fetch({ method: 'GET', name, headers }, silence);
      if (answer.status !== 206 && !(answer.status === 200 && from === 0))
        throw failureOf(answer.status, await textOfAnswer(answer), this.uri(name));
      let left = to - from;
      for await (const chunk of answer.body ?? []) {
        silence.rest();
        const part = (chunk as Uint8Array).subarray(0, left);
        left -= part.length;
        this.#options.count?.({ received: part.length });
        await this.#options.pace?.(part.length);
        yield part;
        silence.renew();
        if (left === 0) return;
      }
      if (left > 0) throw new GreenroomError('unavailable', `${this.uri(name)} ended too early`);
    } catch (error) {
      throw this.#translated(error, signal);
    } finally {
      silence.end();
    }
  }

  async size(name: string, signal: AbortSignal): Promise<number | undefined> {
    const answer = await this.#ask({ method: 'HEAD', name, signal });
    if (answer.status === 404) return undefined;
    if (answer.status !== 200) throw failureOf(answer.status, answer.text, this.uri(name));
    return Number(answer.headers.get('content-length') ?? Number.NaN);
  }

  async *list(signal: AbortSignal): AsyncGenerator<Listed> {
    const { prefix } = this.place;
    for (let after: string | undefined; ; ) {
      const more = after === undefined ? {} : { 'continuation-token': after };
      const query = { 'list-type': '2', prefix, ...more };
      const text = this.#mustBeGood(
        await this.#ask({ method: 'GET', name: '', query, signal }),
        '',
      );
      for (const each of textsOf(text, 'Contents')) {
        const name = (textOf(each, 'Key') ?? '').slice(prefix.length);
        if (isName(name)) yield { name, size: Number(textOf(each, 'Size') ?? Number.NaN) };
      }
      if (textOf(text, 'IsTruncated') !== 'true') return;
      const next = textOf(text, 'NextContinuationToken');
      if (next === undefined || next === '' || next === after) throw this.#notWhole();
      after = next;
    }
  }

  /** What is missing in a list would be taken for gone. */
  #notWhole(): GreenroomError {
    const { endpoint } = this.place;
    const why = 'its list has more, and does not say where it goes on: it must know ListObjectsV2';
    return new GreenroomError('invalid_settings', `${endpoint}: ${why}`);
  }

  async remove(name: string, signal: AbortSignal): Promise<void> {
    await this.#abortUploads(name, signal);
    const answer = await this.#ask({ method: 'DELETE', name, signal });
    if (answer.status !== 404) this.#mustBeGood(answer, name);
  }

  // ── uploads in parts ─────────────────────────────────────────────────────────────────────────────

  async #putParts(name: string, file: Local, signal: AbortSignal): Promise<void> {
    await this.#abortUploads(name, signal);
    const begun = await this.#ask({ method: 'POST', name, query: { uploads: '' }, signal });
    const uploadId = textOf(this.#mustBeGood(begun, name), 'UploadId');
    if (uploadId === undefined)
      throw new GreenroomError('unavailable', `${this.uri(name)}: the upload has no id`);
    try {
      const parts = await this.#sendParts(name, file, uploadId, signal);
      await this.#complete(name, file, uploadId, parts, signal);
    } catch (error) {
      const { signal: own, end } = this.#deadline(undefined);
      await this.#abort(name, uploadId, own).catch(() => undefined); // the next put, or a removal, aborts it
      end();
      throw error;
    }
  }

  async #sendParts(
    name: string,
    file: Local,
    uploadId: string,
    signal: AbortSignal,
  ): Promise<readonly string[]> {
    const { partBytes = PART_BYTES } = this.#options;
    const size = Math.max(partBytes, Math.ceil(file.size / MAX_PARTS));
    const handle = await open(file.path);
    const tags: string[] = [];
    try {
      for (let at = 0; at < file.size; at += size) {
        const wanted = Math.min(size, file.size - at);
        const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(wanted), 0, wanted, at);
        if (bytesRead !== wanted) throw new TypeError('the packed file is shorter than it was');
        const query = { partNumber: String(tags.length + 1), uploadId };
        const answer = await this.#ask({ method: 'PUT', name, query, body: buffer, signal });
        this.#mustBeGood(answer, name);
        tags.push(answer.headers.get('etag') ?? '');
      }
      return tags;
    } finally {
      await handle.close();
    }
  }

  /** An answer 200 may hold an error; one that failed may have done it: then the object is there, and the upload is not. */
  async #complete(
    name: string,
    file: Local,
    uploadId: string,
    tags: readonly string[],
    signal: AbortSignal,
  ): Promise<void> {
    const parts = tags.map(
      (tag, at) => `<Part><PartNumber>${at + 1}</PartNumber><ETag>${escaped(tag)}</ETag></Part>`,
    );
    const body = Buffer.from(
      `<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`,
    );
    try {
      const answer = await this.#ask({ method: 'POST', name, query: { uploadId }, body, signal });
      this.#mustBeGood(answer, name);
    } catch (error) {
      if ((await this.size(name, signal).catch(() => undefined)) !== file.size) throw error;
    }
  }

  async #abortUploads(name: string, signal: AbortSignal): Promise<void> {
    const query = { uploads: '', prefix: this.#key(name) };
    const answer = await this.#ask({ method: 'GET', name: '', query, signal });
    if (answer.status === 404 || answer.status === 501) return;
    const listed = this.#mustBeGood(answer, name);
    for (const upload of textsOf(listed, 'Upload')) {
      const uploadId = textOf(upload, 'UploadId');
      if (textOf(upload, 'Key') === this.#key(name) && uploadId !== undefined)
        await this.#abort(name, uploadId, signal);
    }
  }

  async #abort(name: string, uploadId: string, signal: AbortSignal): Promise<void> {
    const answer = await this.#ask({ method: 'DELETE', name, query: { uploadId }, signal });
    if (answer.status !== 404) this.#mustBeGood(answer, name);
  }

  // ── requests ─────────────────────────────────────────────────────────────────────────────────────

  #key(name: string): string {
    return `${this.place.prefix}${mustBeName(name)}`;
  }

  #url(name: string, query: Readonly<Record<string, string>>): URL {
    const { endpoint, bucket } = this.place;
    const path =
      name === '' ? '' : `/${this.#key(name).split('/').map(encodeURIComponent).join('/')}`;
    const url = new URL(`${endpoint.replace(/\/+$/, '')}/${bucket}${path}`);
    for (const [key, value] of Object.entries(query)) url.searchParams.set(key, value);
    url.search = url.search.replaceAll('+', '%20'); // as it is signed: not all servers read a plus as a blank
    return url;
  }

  /** The answer, whole. */
  async #ask({ signal, ...asked }: Asked & { readonly signal: AbortSignal }): Promise<Answer> {
    const deadline = this.#deadline(signal);
    try {
      const answer = await this.#fetch(asked, deadline);
      const { status, ok, headers } = answer;
      return { status, ok, headers, text: await textOfAnswer(answer) };
    } catch (error) {
      throw this.#translated(error, signal);
    } finally {
      deadline.end();
    }
  }

  async #fetch(
    { method, name, query = {}, body = EMPTY, headers = {} }: Asked,
    deadline: Deadline,
  ): Promise<Response> {
    const { keys, clock, pace } = this.#options;
    const { accessKeyId, secretAccessKey, sessionToken } = keys();
    const client = new AwsClient({
      ...{ accessKeyId, secretAccessKey, service: 's3', region: this.place.region, retries: 0 },
      ...(sessionToken === undefined ? {} : { sessionToken }),
    });
    const hash = createHash('sha256').update(body).digest('hex');
    deadline.rest(); // we wait for ourselves, and not for the server
    await pace?.(body.length);
    deadline.renew();
    const isList = method === 'GET' && name === '';
    this.#options.count?.({ request: isList ? 'LIST' : method, sent: body.length });
    const signed = await client.sign(this.#url(name, query).href, {
      method,
      headers: { ...headers, 'x-amz-content-sha256': hash },
      aws: { datetime: amzDate(clock.now()), allHeaders: true },
    });
    // Who packs an answer has to leave its length out. Not signed: some that stand between change it.
    signed.headers.set('accept-encoding', 'identity');
    const sent = body.length > 0 || method === 'PUT' ? { body } : {};
    const answer = await fetch(signed.url, {
      ...{ method, headers: signed.headers, signal: deadline.signal, redirect: 'manual' },
      ...sent,
    });
    const elsewhere = elsewhereOf(answer, this.place);
    if (elsewhere === undefined) return answer;
    await answer.body?.cancel();
    throw elsewhere;
  }

  #translated(error: unknown, signal: AbortSignal | undefined): unknown {
    if (error instanceof GreenroomError || signal?.aborted === true) return error;
    const { message, cause } = error as Error & { cause?: { message?: string } };
    const why = cause?.message ?? message;
    return new GreenroomError('unavailable', `${this.place.endpoint}: ${why}`, { cause: error });
  }

  /** Throws what it says. One that says 200 may be an error all the same. */
  #mustBeGood({ ok, status, text }: Answer, name: string): string {
    if (ok && !text.includes('<Error>')) return text;
    throw failureOf(status, text, this.uri(name === '' ? 'uploads' : name));
  }

  /** Aborted with the caller's signal, and when nothing has been heard for too long. */
  #deadline(outer: AbortSignal | undefined): Deadline {
    const { clock, timeoutMs = TIMEOUT_MS } = this.#options;
    const controller = new AbortController();
    const late = (): void =>
      controller.abort(new GreenroomError('unavailable', `${this.place.endpoint} does not answer`));
    let timer = clock.setTimeout(late, timeoutMs);
    const stop = (): void => controller.abort(outer?.reason);
    if (outer?.aborted === true) stop();
    else outer?.addEventListener('abort', stop, { once: true });
    return {
      signal: controller.signal,
      rest: () => timer.cancel(),
      renew: () => {
        timer.cancel();
        timer = clock.setTimeout(late, timeoutMs);
      },
      end: () => {
        timer.cancel();
        outer?.removeEventListener('abort', stop);
      },
    };
  }
}

/** As much of it as an answer of this kind may have. */
const textOfAnswer = async (answer: Response): Promise<string> => {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of answer.body ?? []) {
    bytes += (chunk as Uint8Array).length;
    if (bytes > MAX_ANSWER_BYTES) throw new GreenroomError('unavailable', 'an answer is too long');
    parts.push(chunk as Uint8Array);
  }
  return Buffer.concat(parts).toString();
};

const amzDate = (nowMs: number): string =>
  new Date(nowMs).toISOString().replace(/[:-]|\.\d{3}/g, '');

const escaped = (text: string): string =>
  unescaped(text).replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
