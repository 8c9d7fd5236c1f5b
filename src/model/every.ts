/** All fields of a record, so that whoever makes one forgets none; an optional one may be undefined. */
export type Every<T> = { readonly [F in keyof Required<T>]: T[F] };

/** The same while it is made. */
export type Mutable<T> = { -readonly [F in keyof T]: T[F] };
