export const tools = 'none';
