import { describeDatabaseContract } from './contract.ts';
import { sqlserverHarness } from './sqlserverHarness.ts';

const url = process.env.CARAVEL_TEST_SQLSERVER;
if (url === undefined) throw new Error('set CARAVEL_TEST_SQLSERVER to the mssql:// URL of an administrator');

describeDatabaseContract('sqlserver', sqlserverHarness(url));
