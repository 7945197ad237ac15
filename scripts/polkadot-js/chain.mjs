// What the scripts here have in common: a connection, and transactions.

import { ApiPromise, WsProvider } from '@polkadot/api';

const TIMEOUT_MS = 90_000;

// Signs, submits, and resolves with the events of the transaction once it is in a block.
export function submitted(api, transaction, signer, options = {}) {
  return new Promise((resolve, reject) => {
    transaction
      .signAndSend(signer, options, ({ status, events, dispatchError }) => {
        console.log(`  status   ${status.type}`);
        if (dispatchError) {
          const error = dispatchError.isModule
            ? api.registry.findMetaError(dispatchError.asModule)
            : { section: 'runtime', name: dispatchError.toString(), docs: [] };
          reject(new Error(`${error.section}.${error.name}: ${error.docs.join(' ')}`));
        } else if (status.isInBlock) {
          resolve(events.map(({ event }) => event));
        } else if (status.isError) {
          reject(new Error(`the transaction is ${status.type}`));
        }
      })
      .catch(reject);
  });
}

// Runs `main` with a connection to the chain. The process exits with 0 once it has resolved, and with 1 otherwise.
export async function withApi(url, main) {
  const deadline = setTimeout(() => {
    console.error(`not done within ${TIMEOUT_MS / 1000} s`);
    process.exit(1);
  }, TIMEOUT_MS);
  try {
    const provider = new WsProvider(url, false);
    await provider.connect();
    const api = new ApiPromise({ provider, noInitWarn: true, throwOnConnect: true });
    try {
      await api.isReadyOrError;
      await main(api);
    } finally {
      await api.disconnect();
    }
  } catch (error) {
    console.error(error);
    process.exitCode = 1;
  } finally {
    clearTimeout(deadline);
  }
}
