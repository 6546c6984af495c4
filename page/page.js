import { byId } from './dom.js';
import { openExplain, wireExplain } from './explain.js';
import { startFeed } from './feed.js';
import { startHealth } from './health.js';
import { startTrust } from './trust.js';

const pages = ['trust', 'feed', 'health'];
const shown = () => (pages.includes(location.hash.slice(1)) ? location.hash.slice(1) : 'trust');

wireExplain();
const refresh = {
  trust: startTrust({ wanted: () => shown() === 'trust', explain: openExplain }),
  feed: startFeed({ wanted: () => shown() === 'feed', explain: openExplain }),
  health: startHealth({ wanted: () => shown() === 'health' }),
};

function show() {
  const page = shown();
  for (const name of pages) byId(name).hidden = name !== page;
  for (const link of document.querySelectorAll('nav a')) {
    if (link.getAttribute('href') === `#${page}`) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  refresh[page]();
  refresh.trust();
}

window.addEventListener('hashchange', () => {
  if (location.hash === '#main') return;
  show();
  window.scrollTo(0, 0);
});
show();
