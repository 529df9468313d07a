// A client of 'tessera serve' for Node (18 and later), browsers and Deno: nothing but fetch().
//
//   node tessera_client.mjs infer URL WINDOW.json           one window {"x": [[...], ...]}: prints the answer
//   node tessera_client.mjs separate URL RECORDING VOICES.zip
//
// The variable TESSERA_TOKEN holds the service's token, where it asks for one.

/** What the service says no with: status, and its {code, field, message, hint}. */
export class Refused extends Error {
  constructor(status, error) {
    super(`${status}: ${error?.message ?? 'no reason given'}`);
    this.status = status;
    this.error = error;
  }
}

export class TesseraClient {
  constructor(url = 'http://127.0.0.1:8080', { token, attempts = 5, timeoutMs = 120_000 } = {}) {
    Object.assign(this, { url: url.replace(/\/+$/, ''), token, attempts, timeoutMs });
  }

  /** The answer for one window, rows of columns, a row a frame: `latent` and, of a classifier, `labels`. */
  async infer(window, { model } = {}) {
    const body = JSON.stringify({ x: window });
    return (await this.#post('/infer', { model }, body, 'application/json')).json();
  }

  /** A zip of the voices, from the bytes of a sound file. */
  async separate(recording, { model, format } = {}) {
    return (await this.#post('/v1/separate', { model, format }, recording, 'application/octet-stream')).arrayBuffer();
  }

  async #post(path, query, body, type) {
    const given = Object.entries(query).filter(([, value]) => value !== undefined);
    const address = this.url + path + (given.length ? '?' + new URLSearchParams(given) : '');
    const headers = { 'Content-Type': type };
    if (this.token) headers.Authorization = `Bearer ${this.token}`;
    for (let attempt = 1; ; ++attempt) {
      const answer = await fetch(address, { method: 'POST', headers, body, signal: AbortSignal.timeout(this.timeoutMs) });
      if (answer.ok) return answer;
      if (answer.status === 429 && attempt < this.attempts) {
        await answer.arrayBuffer();
        await new Promise((done) => setTimeout(done, 1000 * Number(answer.headers.get('Retry-After') ?? 1)));
        continue;
      }
      const text = await answer.text();
      let error = { message: text.slice(0, 200) };
      try {
        error = JSON.parse(text).error;
      } catch {
        // Not the service's own words: a proxy's, say.
      }
      throw new Refused(answer.status, error);
    }
  }
}

async function main([command, url, input, output]) {
  const { readFile, writeFile } = await import('node:fs/promises');
  const client = new TesseraClient(url, { token: process.env.TESSERA_TOKEN });
  if (command === 'infer' && input) {
    console.log(JSON.stringify(await client.infer(JSON.parse(await readFile(input, 'utf8')).x)));
  } else if (command === 'separate' && output) {
    await writeFile(output, new Uint8Array(await client.separate(await readFile(input))));
    console.log(output);
  } else {
    throw new Error('usage: tessera_client.mjs infer URL WINDOW.json | separate URL RECORDING VOICES.zip');
  }
}

const isProgram = typeof process !== 'undefined' && process.argv[1] && import.meta.url === new URL(process.argv[1], 'file:').href;
if (isProgram) {
  main(process.argv.slice(2)).catch((error) => {
    console.error(`error: ${error.message}`);
    process.exit(1);
  });
}
