export { removeImage as default } from './build-image.js';
