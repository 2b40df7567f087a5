/// The stored files among a node's files, with their contents.
struct PlacedFiles {
    let files: [NodeContents.File]
    /// Those that the node cannot have, with the reason.
    private let missing: [(file: ConfiguredFile, reason: String)]

    init(_ configured: [ConfiguredFile], in snapshot: FleetSnapshot, _ contents: StoredContents) {
        var (files, missing, byteCount) = ([NodeContents.File](), [(ConfiguredFile, String)](), 0)
        for file in configured {
            guard let name = file.stored else { continue }
            guard let stored = snapshot.contents.storedFiles[name] else {
                missing.append((file, StoredFile.missing(name).english))
                continue
            }
            guard let content = contents[stored.digest] else {
                missing.append((file, "the server cannot read its file \(name): put it there again"))
                continue
            }
            guard byteCount + content.count <= StoredFile.nodeByteLimit else {
                missing.append(
                    (file, "one node gets \(StoredFile.nodeByteLimit >> 20) MiB of stored files at most"))
                continue
            }
            byteCount += content.count
            files.append(NodeContents.File(path: file.path, mode: file.mode, data: content))
        }
        (self.files, self.missing) = (files, missing)
    }

    /// Each missing one is a step of its own that fails, so that the others are written.
    func steps(from planned: [NodeStep]) -> [NodeStep] {
        if missing.isEmpty { return planned }
        let keys = Set(missing.map(\.file.key))
        return planned.flatMap { step -> [NodeStep] in
            guard case .files(let files) = step.kind else { return [step] }
            let failing = missing.map { file, reason in
                NodeStep("file /\(file.path)", .missingFile(file, reason: reason))
            }
            let rest = files.filter { !keys.contains($0.key) }
            var written = step
            written.kind = .files(rest)
            return (rest.isEmpty ? [] : [written]) + failing
        }
    }
}
