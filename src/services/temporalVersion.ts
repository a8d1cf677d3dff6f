/** Of the Temporal CLI, which contains the server and its UI. The last one that `go install` can build. */
export const temporalVersion = '1.5.1';
