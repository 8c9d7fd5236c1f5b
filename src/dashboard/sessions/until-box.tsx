/** Where one goes back to a day in a long list. */
import { useKeys } from '../ground/keyboard.ts';
import { addressWith, go } from '../ground/route.ts';
import { type Field, isDay, untilIn, withUntil } from './until.ts';

export const UntilBox = ({ q, field }: { readonly q: string; readonly field: Field }) => {
  useKeys({ 'g d': () => document.querySelector<HTMLInputElement>('[data-until]')?.focus() });
  const name = field === 'updated' ? 'Changed until' : 'Made until';
  return (
    <label class="until">
      <span class="second">until</span>{' '}
      <input
        type="date"
        data-until
        aria-label={name}
        title={`${name} that day: g d`}
        value={untilIn(q, field)}
        onChange={({ currentTarget: { value } }) => {
          if (isDay(value)) go(addressWith({ q: withUntil(q, field, value) }));
        }}
      />
    </label>
  );
};
