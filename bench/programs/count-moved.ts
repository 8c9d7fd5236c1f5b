/** Loaded with `--import` into every thread of a daemon whose moved bytes are to be counted. */
import { countMoved } from './moved-bytes.ts';

countMoved();
