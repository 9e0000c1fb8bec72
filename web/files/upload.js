// Brings a file to the server, and tells how far it has come.

import { t } from '../language.js';

/** @typedef {{id: string, name: string, type: string, size: number, path: string}} Brought */

/**
 * @param {string} room
 * @param {File} file
 * @param {object} hears
 * @param {(share: number) => void} hears.progress from 0 to 1
 * @param {(brought: Brought) => void} hears.done
 * @param {(trouble: string, isLost: boolean) => void} hears.failed with a sentence for people, and whether nobody answered
 * @returns {() => void} gives it up, without a word
 */
export function upload(room, file, { progress, done, failed }) {
  const request = new XMLHttpRequest();
  request.responseType = 'json';
  request.upload.addEventListener('progress', ({ loaded, total }) => progress(total > 0 ? loaded / total : 0));
  request.addEventListener('load', () => {
    if (request.status === 201) done(request.response);
    else failed(request.response?.message ?? t('files.failed'), false);
  });
  request.addEventListener('error', () => failed(t('account.lost'), true));
  request.open('POST', `/files?room=${room}&name=${encodeURIComponent(file.name)}`);
  request.setRequestHeader('X-Parlor', '1');
  request.setRequestHeader('Content-Type', file.type || 'application/octet-stream');
  request.send(file);
  return () => request.abort();
}
