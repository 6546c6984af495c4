/** Under which name the API server keeps what is ours in an object that several write. */
export const fieldManager = 'istio-ra';
