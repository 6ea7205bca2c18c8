import eslint from '@eslint/js';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['dist/', 'out/', 'server/', 'node_modules/'] },
  eslint.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      eqeqeq: 'error',
      'no-console': 'error',
      // Numbers and booleans read well in the texts that users see.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // VS Code's own types take anything with a dispose method where they say Disposable.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
    },
  },
  {
    // Node's own test runner waits for the tests by itself.
    files: ['tests/unit/*.ts'],
    rules: {
      '@typescript-eslint/no-floating-promises': ['error', { allowForKnownSafeCalls: [{ from: 'package', package: 'node:test', name: 'test' }] }],
    },
  },
  {
    // The generator's style is its own.
    files: ['src/protocol.ts'],
    rules: { '@typescript-eslint/array-type': 'off', '@typescript-eslint/consistent-type-definitions': 'off' },
  },
  {
    files: ['tests/**/*.mjs', '*.mjs'],
    languageOptions: { globals: Object.fromEntries(
      ['process', 'console', 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'URL', 'URLSearchParams', 'fetch', 'document', 'window', 'getComputedStyle', 'Buffer', 'performance', 'navigator', 'Event']
        .map((name) => [name, 'readonly']),
    ) },
  },
);
