/** An empty Name, or O="" as Go and @peculiar write it: PrintableString or UTF8String. */
const emptySubjects = ['3000', '300b31093007060355040a1300', '300b31093007060355040a0c00'];

/** Whether a subject, a Name in DER, names nobody. */
export function isEmptySubject(subjectDer: Uint8Array): boolean {
  return emptySubjects.includes(Buffer.from(subjectDer).toString('hex'));
}
