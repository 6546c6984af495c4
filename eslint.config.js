// The house rules as far as a machine can hold them; style and reasons stand in CONTRIBUTING.md.
import tseslint from 'typescript-eslint';
import jest from 'eslint-plugin-jest';

const outsideItsModule = (name, module) => ({
  name,
  message: `only src/${module} may import this SDK`,
});
const grpc = ['@grpc/grpc-js', '@grpc/proto-loader', '@grpc/reflection', 'grpc-health-check'];
const peculiar = ['@peculiar/x509', '@peculiar/webcrypto'];
const kubernetes = ['@kubernetes/client-node', 'undici'];
const prometheus = ['prom-client'];
const opentelemetry = [
  '@opentelemetry/api',
  '@opentelemetry/exporter-trace-otlp-http',
  '@opentelemetry/resources',
  '@opentelemetry/sdk-trace',
];
const sdks = [
  ...grpc.map((name) => outsideItsModule(name, 'server')),
  ...peculiar.map((name) => outsideItsModule(name, 'pki')),
  ...kubernetes.map((name) => outsideItsModule(name, 'kube/client-node')),
  ...prometheus.map((name) => outsideItsModule(name, 'metrics')),
  ...opentelemetry.map((name) => outsideItsModule(name, 'tracing')),
];

const realTime = [
  {
    selector: "MemberExpression[object.name='Date'][property.name='now']",
    message: 'take time from the Clock of base/clock.ts, so that tests can move it',
  },
  {
    selector: "MemberExpression[object.name='process'][property.name='env']",
    message: 'only config/ reads the environment',
  },
];

const spreadLiteral = {
  selector: 'ObjectExpression > SpreadElement > ObjectExpression',
  message: 'give each field by its name, so that a search for it finds the line',
};

export default tseslint.config(
  { ignores: ['node_modules/', 'dist/', 'coverage/', '.cache/', '**/*.cjs'] },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/prefer-nullish-coalescing': 'error',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/ban-ts-comment': ['error', { minimumDescriptionLength: 10 }],
      'max-lines': ['error', { max: 500 }],
      'max-lines-per-function': ['error', { max: 50, skipBlankLines: true, skipComments: true }],
      complexity: ['error', 10],
      'max-depth': ['error', 3],
      'max-params': ['error', 4],
      'no-restricted-syntax': ['error', ...realTime],
      'no-restricted-globals': [
        'error',
        { name: 'setTimeout', message: 'take timers from the Clock of base/clock.ts' },
        { name: 'setInterval', message: 'take timers from the Clock of base/clock.ts' },
      ],
      'no-restricted-imports': ['error', { paths: sdks }],
    },
  },
  {
    files: ['src/**'],
    rules: { 'no-restricted-syntax': ['error', ...realTime, spreadLiteral] },
  },
  {
    files: ['src/base/**'],
    rules: { 'no-restricted-globals': 'off', 'no-restricted-syntax': ['error', spreadLiteral] },
  },
  { files: ['src/main.ts', 'scripts/**'], rules: { 'no-restricted-syntax': 'off' } },
  {
    files: ['src/server/**'],
    rules: {
      'no-restricted-imports': ['error', { paths: sdks.filter((sdk) => !grpc.includes(sdk.name)) }],
    },
  },
  {
    files: ['src/pki/**'],
    rules: {
      'no-restricted-imports': [
        'error',
        { paths: sdks.filter((sdk) => !peculiar.includes(sdk.name)) },
      ],
    },
  },
  {
    files: ['src/kube/client-node/**'],
    rules: {
      'no-restricted-imports': [
        'error',
        { paths: sdks.filter((sdk) => !kubernetes.includes(sdk.name)) },
      ],
    },
  },
  {
    files: ['src/metrics/**'],
    rules: {
      'no-restricted-imports': [
        'error',
        { paths: sdks.filter((sdk) => !prometheus.includes(sdk.name)) },
      ],
    },
  },
  {
    files: ['src/tracing/**'],
    rules: {
      'no-restricted-imports': [
        'error',
        { paths: sdks.filter((sdk) => !opentelemetry.includes(sdk.name)) },
      ],
    },
  },
  {
    files: ['test/**/*.ts'],
    plugins: { jest },
    rules: {
      ...jest.configs['flat/recommended'].rules,
      ...jest.configs['flat/style'].rules,
      'jest/no-disabled-tests': 'error',
      'jest/expect-expect': ['error', { assertFunctionNames: ['expect*'] }],
      'max-lines-per-function': 'off',
      'no-restricted-imports': 'off',
      'no-restricted-syntax': 'off',
      'no-restricted-globals': 'off',
    },
  },
  {
    files: ['**/*.js'],
    extends: [tseslint.configs.recommended, tseslint.configs.disableTypeChecked],
  },
);
