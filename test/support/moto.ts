/**
 * A second opinion on S3: moto, where it is installed (`pip install 'moto[server]'`). It is other people's, in another
 * language, and checks signatures by what Amazon's own library for Python would have signed.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { freePort } from './free-port.ts';

/** Says so, once a file, where there is none. */
export const withoutMoto = (): boolean => {
  const isThere = spawnSync('python3', ['-c', 'import moto.server, flask']).status === 0;
  if (!isThere)
    console.warn(
      "moto is not installed (pip install 'moto[server]'): tests against it are skipped",
    );
  return !isThere;
};

/** These make the user; behind them everything has to be signed. */
const UNSIGNED = 4;
const POLICY = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }],
});

export class Moto {
  readonly endpoint: string;
  readonly bucket = 'green-room';
  readonly #child: ChildProcess;
  keys = { accessKeyId: '', secretAccessKey: '' };

  private constructor(port: number, isStrict: boolean) {
    this.endpoint = `http://127.0.0.1:${port}`;
    this.#child = spawn('python3', ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)], {
      env: {
        ...process.env,
        ...(isStrict ? { INITIAL_NO_AUTH_ACTION_COUNT: String(UNSIGNED) } : {}),
      },
      stdio: 'ignore',
    });
  }

  /** @param isStrict it checks signatures: of requests without a query, as it leaves that out. */
  static async start(isStrict: boolean): Promise<Moto> {
    const moto = new Moto(await freePort(), isStrict);
    try {
      await moto.#ready();
      await moto.#iam({ Action: 'CreateUser', UserName: 'greenroom' });
      const policy = { PolicyName: 'all', PolicyDocument: POLICY };
      await moto.#iam({ Action: 'PutUserPolicy', UserName: 'greenroom', ...policy });
      const made = await moto.#iam({ Action: 'CreateAccessKey', UserName: 'greenroom' });
      const said = (name: string) => new RegExp(`<${name}>(.*?)</${name}>`).exec(made)?.[1] ?? '';
      moto.keys = { accessKeyId: said('AccessKeyId'), secretAccessKey: said('SecretAccessKey') };
      await fetch(`${moto.endpoint}/${moto.bucket}`, { method: 'PUT', headers: unsigned('s3') });
      return moto;
    } catch (error) {
      await moto.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGKILL');
    await gone;
  }

  async #ready(): Promise<void> {
    for (;;) {
      if (this.#child.exitCode !== null) throw new Error('moto ended');
      const there = await fetch(`${this.endpoint}/moto-api/`).then(
        () => true,
        () => false,
      );
      if (there) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async #iam(fields: Readonly<Record<string, string>>): Promise<string> {
    const body = new URLSearchParams({ ...fields, Version: '2010-05-08' });
    const answer = await fetch(`${this.endpoint}/`, {
      ...{ method: 'POST', headers: unsigned('iam'), body },
    });
    return answer.text();
  }
}

/** It says which service is meant, and no more. */
const unsigned = (service: string) => ({
  authorization: `AWS4-HMAC-SHA256 Credential=any/20260101/us-east-1/${service}/aws4_request, SignedHeaders=host, Signature=0`,
});

export interface SignedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

const SIGN = `
import json, sys
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
asked = json.load(sys.stdin)
headers = {name: value for name, value in asked["headers"].items() if name in asked["signed"]}
request = AWSRequest(method=asked["method"], url=asked["url"], headers=headers)
request.context["timestamp"] = asked["headers"]["x-amz-date"]
auth = S3SigV4Auth(Credentials(asked["id"], asked["secret"]), "s3", asked["region"])
print(auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request))
`;

/** The signature that Amazon's library for Python would have given this request, which names what it has signed. */
export const signatureOf = (
  { method, url, headers }: SignedRequest,
  { accessKeyId, secretAccessKey }: Moto['keys'],
  region: string,
): string => {
  const signed = /SignedHeaders=([^,]+)/.exec(headers['authorization'] ?? '')?.[1]?.split(';');
  const asked = { method, url, headers, signed, region, id: accessKeyId, secret: secretAccessKey };
  const { stdout, stderr } = spawnSync('python3', ['-c', SIGN], { input: JSON.stringify(asked) });
  const said = stdout.toString().trim();
  if (said === '') throw new Error(stderr.toString());
  return said;
};
