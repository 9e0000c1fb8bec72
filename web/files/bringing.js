// The ways for files to come: chosen, dropped anywhere on the page, or pasted.

import { find } from '../views/elements.js';

/**
 * @param {HTMLTextAreaElement} box
 * @param {(files: readonly File[]) => void} bring
 * @param {(text: string) => boolean} isTooLong for a message; then it comes as a file
 */
export function letFilesCome(box, bring, isTooLong) {
  const chooser = find('[data-testid="file-chooser"]', HTMLInputElement);
  const drop = find('.drop', HTMLElement);
  find('[data-testid="add-file"]', HTMLButtonElement).addEventListener('click', () => chooser.click());
  chooser.addEventListener('change', () => {
    bring([...chooser.files ?? []]);
    chooser.value = '';
    box.focus();
  });
  box.addEventListener('paste', (event) => {
    const { clipboardData: pasted } = event;
    const text = pasted?.getData('text/plain') ?? '';
    // Programs that write tables and texts put a picture of them beside.
    const files = text ? [] : [...pasted?.files ?? []];
    if (files.length === 0 && !isTooLong(text)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    bring(files.length > 0 ? files : [new File([text], 'text.txt', { type: 'text/plain' })]);
  });
  addEventListener('dragover', (event) => {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    drop.hidden = false;
  });
  for (const kind of ['dragend', 'drop']) addEventListener(kind, () => { drop.hidden = true; });
  addEventListener('dragleave', (event) => { if (!event.relatedTarget) drop.hidden = true; });
  addEventListener('drop', (event) => {
    const files = [...event.dataTransfer?.files ?? []];
    if (files.length === 0) return;
    event.preventDefault();
    bring(files);
    box.focus();
  });
}
