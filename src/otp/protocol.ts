/**
 * The calls and casts that an actor takes, and the infos and continues that it sends itself, declared once as zod schemas.
 * The actor takes its types from it, a gateway its parser, a test its inputs. Inside the process nothing is parsed.
 */
import type { z } from 'zod';

export interface CallSchema {
  readonly request: z.ZodType;
  readonly reply: z.ZodType;
}

export interface Protocol {
  readonly calls: Readonly<Record<string, CallSchema>>;
  readonly casts?: Readonly<Record<string, z.ZodType>>;
  readonly infos?: Readonly<Record<string, z.ZodType>>;
  /** What a handler leaves to be done right after it, before any other message. */
  readonly continues?: Readonly<Record<string, z.ZodType>>;
}

/** Declares a protocol, keeping its literal types. */
export const protocol = <const P extends Protocol>(declared: P): P => declared;

type Section<P extends Protocol, Part extends 'casts' | 'infos' | 'continues'> = P extends {
  readonly [K in Part]: infer Schemas extends Readonly<Record<string, z.ZodType>>;
}
  ? Schemas
  : Record<never, never>;

export type CallName<P extends Protocol> = keyof P['calls'] & string;
export type CastName<P extends Protocol> = keyof Section<P, 'casts'> & string;
export type InfoName<P extends Protocol> = keyof Section<P, 'infos'> & string;
export type ContinueName<P extends Protocol> = keyof Section<P, 'continues'> & string;

export type RequestOf<P extends Protocol, K extends CallName<P>> = z.output<
  P['calls'][K]['request']
>;
export type ReplyOf<P extends Protocol, K extends CallName<P>> = z.output<P['calls'][K]['reply']>;
export type CastOf<P extends Protocol, K extends CastName<P>> = OutputOf<Section<P, 'casts'>[K]>;
export type InfoOf<P extends Protocol, K extends InfoName<P>> = OutputOf<Section<P, 'infos'>[K]>;
export type ContinueOf<P extends Protocol, K extends ContinueName<P>> = OutputOf<
  Section<P, 'continues'>[K]
>;

type OutputOf<Schema> = Schema extends z.ZodType ? z.output<Schema> : never;

/** What is declared as nothing may be left out. */
export type Argument<T, Rest extends readonly unknown[] = []> = undefined extends T
  ? [nothing?: undefined, ...Rest]
  : [value: T, ...Rest];

/** An info and its message, as `pipe` wants them. */
export type Info<P extends Protocol> = {
  [K in InfoName<P>]:
    | readonly [name: K, message: InfoOf<P, K>]
    | (undefined extends InfoOf<P, K> ? readonly [name: K] : never);
}[InfoName<P>];
