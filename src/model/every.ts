/** All fields of a record, so that whoever makes one forgets none; an optional one may be undefined. */
export type Every<T> = { readonly [F in keyof Required<T>]: T[F] };
