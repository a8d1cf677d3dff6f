export { migrateApplication } from './migrateApplication.ts';
export { migrateEntity } from './migrateEntity.ts';
