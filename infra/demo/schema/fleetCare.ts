import { date, decimal, entity, espace, record, reference, staticEntity, text } from './description.ts';

/** An unrelated application: whatever is migrated, it must stay as it is. */
export const fleetCare = espace(
  'FleetCare',
  [
    staticEntity('ServiceKind', { kind: 'longAutoNumber' }, [], [record('Inspection'), record('Repair')]),
    entity('Vehicle', {
      identifier: { kind: 'longAutoNumber' },
      attributes: [text('Plate', 12), reference('DriverId', '(System).User', 'Protect'), date('BoughtOn')],
    }),
    entity('ServiceVisit', {
      identifier: { kind: 'autoNumber' },
      attributes: [
        reference('VehicleId', 'FleetCare.Vehicle', 'Delete'),
        reference('ServiceKindId', 'FleetCare.ServiceKind', 'Protect'),
        date('VisitedOn'),
        decimal('Mileage', 10, 1),
      ],
    }),
  ],
  { roles: ['FleetManager'] },
);
