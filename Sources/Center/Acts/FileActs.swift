import API
import Fleet
import Sealing

/// Files that people put on the server for nodes, of the whole site.
extension Acts {
    /// Ordered by name.
    func storedFiles() async throws -> [StoredFileAnswer] {
        try require(.read)
        let snapshot = try await configuration()
        let uses = Dictionary(grouping: visibleUses(in: snapshot), by: \.name)
        return snapshot.contents.storedFiles.values.sorted { $0.name < $1.name }.map { file in
            StoredFileAnswer(file, uses: uses[file.name]?.map(\.place) ?? [])
        }
    }

    /// A file with its state for `If-Match`.
    func storedFile(_ name: StoredFileName) async throws -> Saved<StoredFileAnswer> {
        try require(.read)
        return try storedFile(name, in: await configuration())
    }

    private func storedFile(_ name: StoredFileName, in snapshot: FleetSnapshot) throws -> Saved<
        StoredFileAnswer
    > {
        guard let file = snapshot.contents.storedFiles[name] else {
            throw StoreError.notFound(StoredFile.missing(name))
        }
        let uses = visibleUses(in: snapshot).filter { $0.name == name }
        return Saved(
            record: StoredFileAnswer(file, uses: uses.map(\.place)), tag: try RecordTag.of(file),
            revision: snapshot.revision)
    }

    /// Those who may change it may read it: it may be on nodes of other groups than the caller's.
    func content(of name: StoredFileName) async throws -> [UInt8] {
        try require(.configure, in: .site)
        guard let content = try await store.content(of: name) else {
            throw StoreError.notFound(StoredFile.missing(name))
        }
        return content
    }

    /// Which nodes get a file: those of a group, by its setting `files`.
    struct FileDelivery: Sendable {
        /// On the node, as the setting has it: with `:MODE` behind it if that is not 644.
        var path: String
        var group: GroupPath
    }

    /// Puts a content there, replacing a former one.
    /// - Parameters:
    ///   - name: as typed.
    ///   - delivery: nil: settings stay as they are.
    func putFile(named name: String, _ content: [UInt8], for delivery: FileDelivery? = nil) async throws
        -> Saved<StoredFileAnswer>
    {
        try require(.configure, in: .site)
        return try await putFile(StoredFileName(name), content, for: delivery)
    }

    func putFile(
        _ name: StoredFileName, _ content: [UInt8], for delivery: FileDelivery? = nil,
        if expected: Precondition = .none
    ) async throws -> Saved<StoredFileAnswer> {
        try require(.configure, in: .site)
        guard content.count <= StoredFile.byteLimit, let digest = Digest(Self.digest(of: content)) else {
            throw Problem(
                413, "Too large", "a file has \(StoredFile.byteLimit >> 20) MiB at most")
        }
        let file = StoredFile(
            name: name, digest: digest, byteCount: content.count, changedAt: Clock.second)
        let snapshot = try await change { current in
            let setting = try delivery.map { [try Self.setting($0, to: name, in: current)] } ?? []
            // The same content again is no change.
            if let stored = current.contents.storedFiles[name], stored.means(file) { return setting }
            return [.storedFile(name, file, content: content)] + setting
        } check: { current in
            try expected.check(current.contents.storedFiles[name], at: name)
        }
        return try storedFile(name, in: snapshot)
    }

    /// A group with `files` that names a stored file.
    private static func setting(
        _ delivery: FileDelivery, to name: StoredFileName, in current: FleetSnapshot
    ) throws -> FleetEdit {
        guard
            var group = current.groups[delivery.group]
                ?? (delivery.group == .site ? NodeGroup(path: .site) : nil)
        else { throw StoreError.notFound(current.contents.missing(.group(delivery.group))) }
        let change = SettingsChange(
            target: delivery.group.description,
            add: [Settings.files.name: .map([delivery.path: "stored:\(name)"])])
        group.settings = try change.applied(to: group.settings)
        return .group(delivery.group, group)
    }

    private static func digest(of content: [UInt8]) -> String {
        Hashing.hexadecimal(Hashing.sha256(content))
    }

    func removeFile(_ name: StoredFileName, if expected: Precondition = .none) async throws {
        try require(.configure, in: .site)
        try await remove(StoredFile.self, at: name, if: expected)
    }

    /// Of nodes and groups those that the caller sees; rules and images are the site's.
    private func visibleUses(in snapshot: FleetSnapshot) -> [(name: StoredFileName, place: Sentence)] {
        snapshot.usesOfStoredFiles.filter { caller.sees($0.group) }.map { ($0.name, $0.place) }
    }
}
