package import Wire

/// A file that people have put on this server for nodes, text or not: their setting `files` names it.
///
/// The content is kept beside the record, as secrets do: no history, plan, undo or export has it.
package struct StoredFile: Equatable, Sendable, Codable {
    package var name: StoredFileName
    /// Of the content.
    package var digest: Digest
    package var byteCount: Int
    /// When the content was put there, in seconds since 1970.
    @SecondTimestamp package var changedAt: Int

    package init(name: StoredFileName, digest: Digest, byteCount: Int, changedAt: Int) {
        self.name = name
        self.digest = digest
        self.byteCount = byteCount
        self.changedAt = changedAt
    }
}

/// The name of a stored file: 1 to 100 letters, digits, dots, hyphens and underscores.
package struct StoredFileName: Hashable, Sendable, Comparable, CheckedName, CustomStringConvertible {
    package let text: String

    package init(_ text: some StringProtocol) throws(InvalidName) {
        let isName =
            (1...100).contains(text.utf8.count) && text.first != "." && text.first != "-"
            && text.utf8.allSatisfy {
                (0x30...0x39).contains($0) || (0x61...0x7A).contains($0 | 0x20)
                    || [0x2D, 0x2E, 0x5F].contains($0)
            }
        guard isName else {
            throw InvalidName(
                String(text), rule: "up to 100 letters, digits, dots, hyphens and underscores")
        }
        self.text = String(text)
    }

    package static func < (left: Self, right: Self) -> Bool { left.text < right.text }
    package var description: String { text }
}

extension FleetEdit {
    /// - Parameters:
    ///   - file: nil removes it.
    ///   - content: nil leaves it unchanged.
    package static func storedFile(_ name: StoredFileName, _ file: StoredFile?, content: [UInt8]? = nil)
        -> Self
    {
        Self(name, file, secrets: content.map { [StoredFile.content: KeptBytes.text(of: $0)] } ?? [:])
    }
}

extension StoredFile: TableRecord {
    package static let kind = "stored-file"
    /// The name of the content among the values kept beside the record; see ``KeptBytes``.
    package static let content = "content"
    package static let sealedSecrets: Set<String> = [content]
    /// Bytes of one, of those that one node gets, and of all: they are kept in memory.
    package static let (byteLimit, nodeByteLimit, wholeByteLimit) = (4 << 20, 4 << 20, 64 << 20)
    package static let countLimit = 500

    package static var table: WritableKeyPath<FleetSnapshot.Contents, [StoredFileName: Self]> {
        \.storedFiles
    }

    package static func missing(_ key: StoredFileName) -> Sentence {
        "there is no file \(key) on the server (roost file list shows all)"
    }

    package static func checked(
        _ change: RecordChange<StoredFile>, in draft: FleetSnapshot.Contents, since before: FleetSnapshot,
        within plan: AddressPlan
    ) throws -> StoredFile? {
        try change.requireSomething(in: draft)
        guard var file = change.after else { return nil }
        file.name = change.key
        guard (0...byteLimit).contains(file.byteCount) else {
            throw InvalidSetting(
                "a file has \(byteLimit >> 20) MiB at most: put anything larger into the image")
        }
        return file
    }

    package static func check(
        all changed: [StoredFileName], in snapshot: FleetSnapshot, since before: FleetSnapshot,
        within plan: AddressPlan
    ) throws {
        let files = snapshot.contents.storedFiles
        guard files.count <= max(countLimit, before.contents.storedFiles.count) else {
            throw StoreError.conflict("there are \(countLimit) files; remove some first")
        }
        let byteCount = files.values.reduce(0) { $0 + $1.byteCount }
        guard
            byteCount
                <= max(wholeByteLimit, before.contents.storedFiles.values.reduce(0) { $0 + $1.byteCount })
        else {
            throw StoreError.conflict(
                "all files together have \(wholeByteLimit >> 20) MiB at most; remove some first")
        }
        let removed = changed.filter { files[$0] == nil }
        guard !removed.isEmpty,
            let use = snapshot.usesOfStoredFiles.first(where: { removed.contains($0.name) })
        else { return }
        // Those who may remove it see the whole site.
        throw StoreError.conflict(
            "file \(use.name) is in the setting files of \(use.place): change that first")
    }

    package static func summary(of change: RecordChange<StoredFile>, in snapshot: FleetSnapshot) -> String {
        let before = snapshot.contents.storedFiles[change.key]
        let act = change.after == nil ? "removed" : before == nil ? "added" : "replaced"
        return "stored file \(change.key) \(act)"
    }

    package static func undoProblem(from before: StoredFile?, to after: StoredFile?) -> Sentence? {
        guard let before else { return nil }
        guard let after else { return "was removed with its content: put it there again" }
        return before.digest == after.digest ? nil : "was given another content: put it there again"
    }

    /// When it was put there is no part of what people want of it.
    package func means(_ other: StoredFile) -> Bool { name == other.name && digest == other.digest }
}

/// A record whose setting `files` names a stored file.
package struct StoredFileUse: Equatable, Sendable {
    package var name: StoredFileName
    /// `group /school`
    package var place: Sentence
    /// Where the record lies.
    package var group: GroupPath

    /// - Parameter settings: of the record.
    static func all(
        _ settings: [String: SettingValue]?, _ place: @autoclosure () -> Sentence, in group: GroupPath = .site
    ) -> [StoredFileUse] {
        guard case .map(let files)? = settings?[Settings.files.name] else { return [] }
        return Set(files.values.compactMap(ConfiguredFile.storedName)).sorted().map {
            StoredFileUse(name: $0, place: place(), group: group)
        }
    }
}

extension FleetSnapshot {
    /// In the order of names and places.
    package var usesOfStoredFiles: [StoredFileUse] {
        var all = groups.values.flatMap {
            StoredFileUse.all($0.settings, "group \($0.path)", in: $0.path)
        }
        all += rules.values.flatMap { StoredFileUse.all($0.settings, "rule \($0.name)") }
        for image in images.values {
            all += StoredFileUse.all(image.settings?.settings, "image \(image.name)")
            all += image.settingsOfVersions.flatMap { number, settings in
                StoredFileUse.all(settings.settings, "image \(image.name)@\(number)")
            }
        }
        all += nodes.values.flatMap { StoredFileUse.all($0.settings, "node \($0.name)", in: $0.group) }
        return all.sorted { ($0.name.text, $0.place.english) < ($1.name.text, $1.place.english) }
    }
}
