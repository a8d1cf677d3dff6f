export { migrateApplication, retryIssues } from './migrateApplication.ts';
export { migrateEntity } from './migrateEntity.ts';
