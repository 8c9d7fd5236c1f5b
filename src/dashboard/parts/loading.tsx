/** Where an answer is waited for. */
export const Loading = () => (
  <p class="loading" role="status">
    One moment…
  </p>
);
