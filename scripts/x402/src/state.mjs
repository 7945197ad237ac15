// The file in which a caller keeps sessions: what each voucher promised and each statement said.
//
// It is written whole, to a new file that is synced and then takes the old one's place, so that a crash
// leaves the old state or the new one. A voucher is in it before it leaves. The statements that hold are
// kept beside it, one a line. A lock file keeps other processes out.

import fs from 'node:fs';
import path from 'node:path';
import { OpenLedgerError } from './errors.mjs';

const LAYOUT = 5;

function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code !== 'ESRCH';
  }
}

function writeSynced(file, flags, text) {
  const descriptor = fs.openSync(file, flags, 0o600);
  try {
    fs.writeFileSync(descriptor, text);
    fs.fsyncSync(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
}

export class StateFile {
  #path;
  #unlock;
  // Sessions, as src/sessions.mjs makes them, with lanes as in src/lane.mjs; the newest last.
  sessions = [];

  // Opens the file, or starts it.
  constructor(file) {
    this.#path = path.resolve(file);
    fs.mkdirSync(path.dirname(this.#path), { recursive: true });
    this.#lock();
    try {
      this.sessions = this.#read();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  get path() {
    return this.#path;
  }

  // Writes the sessions down. They are on disk when it returns.
  save() {
    const fresh = `${this.#path}.new`;
    const contents = { layout: LAYOUT, sessions: this.sessions };
    writeSynced(fresh, 'w', `${JSON.stringify(contents, null, 2)}\n`);
    fs.renameSync(fresh, this.#path);
    // The rename itself is on disk when the folder is.
    const folder = fs.openSync(path.dirname(this.#path), 'r');
    try {
      fs.fsyncSync(folder);
    } finally {
      fs.closeSync(folder);
    }
  }

  // Keeps a statement that holds: with a settled record that differs it is proof against the node.
  keepStatement(receipt) {
    writeSynced(`${this.#path}.statements`, 'a', `${JSON.stringify(receipt)}\n`);
  }

  // Lets other processes use the file.
  close() {
    this.#unlock?.();
    this.#unlock = undefined;
  }

  #read() {
    let text;
    try {
      text = fs.readFileSync(this.#path, 'utf8');
    } catch (error) {
      if (error.code === 'ENOENT') return [];
      throw error;
    }
    let contents;
    try {
      contents = JSON.parse(text);
    } catch {
      // Said below.
    }
    if (contents?.layout !== LAYOUT || !Array.isArray(contents.sessions)) {
      throw new OpenLedgerError('state', `${this.#path} does not hold sessions; move it away`);
    }
    return contents.sessions;
  }

  #lock() {
    const lock = `${this.#path}.lock`;
    for (let attempt = 0; ; attempt += 1) {
      try {
        fs.writeFileSync(lock, `${process.pid}\n`, { flag: 'wx', mode: 0o600 });
        break;
      } catch (error) {
        if (error.code !== 'EEXIST') throw error;
      }
      const holder = Number.parseInt(fs.readFileSync(lock, 'utf8'), 10);
      if (attempt > 0 || Number.isNaN(holder) || isRunning(holder)) {
        throw new OpenLedgerError(
          'state',
          `${this.#path} is in use by process ${holder}; if there is no such process, delete ${lock}`,
        );
      }
      // Left behind by a process that was killed.
      fs.rmSync(lock, { force: true });
    }
    const unlock = () => fs.rmSync(lock, { force: true });
    process.once('exit', unlock);
    this.#unlock = () => {
      process.removeListener('exit', unlock);
      unlock();
    };
  }
}
