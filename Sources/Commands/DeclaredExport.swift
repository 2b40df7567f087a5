import ConfigurationFile
import Fleet
import Foundation

/// Writes records of a server into files, and leaves everything else in these as it is.
struct DeclaredExport {
    /// All records of the server.
    let records: DeclaredRecords
    /// Those that are wanted in the files.
    let wanted: [DeclaredRecords.One]

    /// A file that is written, or would be.
    struct Change {
        var path: String
        /// Empty: there is no such file.
        var before: String
        var after: String
    }

    /// What writing to `path` changes: a file, or a directory with files.
    func changes(at path: String) throws -> [Change] {
        guard FileManager.default.fileExists(atPath: path) else {
            guard Self.isDirectory(path) else {
                return [Change(path: path, before: "", after: try new(wanted, for: path))]
            }
            return try Dictionary(grouping: wanted, by: \.member).sorted { $0.key < $1.key }.map {
                let file = "\(path)/\($0.key).yaml"
                return Change(path: file, before: "", after: try new($0.value, for: file))
            }
        }
        let names = (try? DeclaredFiles.files(of: [path])) ?? []
        let read = try names.isEmpty ? nil : DeclaredFiles(reading: [path])
        return try changes(of: read, in: Self.isDirectory(path) ? path : nil)
    }

    /// What bringing files up to date changes in them.
    ///
    /// - Parameter directory: where new files may be; nil: all goes into the only one.
    func changes(of read: DeclaredFiles?, in directory: String?) throws -> [Change] {
        let files = read?.files ?? []
        var known: Swift.Set<DeclaredRecords.Place> = []
        for item in read?.items ?? [] {
            let key = item.keyText ?? ""
            for key in [key, key.lowercased()] {
                known.insert(DeclaredRecords.Place(member: item.member, key: key))
            }
        }
        let fresh = wanted.filter {
            !known.contains(DeclaredRecords.Place(member: $0.member, key: $0.key))
        }
        var changes: [Change] = []
        var left = fresh
        for (index, file) in files.enumerated() {
            let isOnly = directory == nil && index == files.count - 1
            let own = isOnly ? left : left.filter { has(file, $0.member) }
            let taken = Swift.Set(own.map { DeclaredRecords.Place(member: $0.member, key: $0.key) })
            left.removeAll { taken.contains(DeclaredRecords.Place(member: $0.member, key: $0.key)) }
            let after = try updated(file, own)
            if after != file.text { changes.append(Change(path: file.path, before: file.text, after: after)) }
        }
        guard let directory else { return changes }
        for (member, records) in Dictionary(grouping: left, by: \.member).sorted(by: { $0.key < $1.key }) {
            let path = "\(directory)/\(member).yaml"
            if let file = files.first(where: { $0.path == path }) {
                let index = changes.firstIndex { $0.path == path }
                var changed = file
                if let index { changed.text = changes[index].after }
                let after = YAMLEditor.written(records)
                let whole = changed.text + after
                if let index {
                    changes[index].after = whole
                } else {
                    changes.append(Change(path: path, before: file.text, after: whole))
                }
            } else {
                changes.append(Change(path: path, before: "", after: try new(records, for: path)))
            }
        }
        return changes
    }

    /// Not yet there: by its name.
    static func isDirectory(_ path: String) -> Bool {
        let type = try? FileManager.default.attributesOfItem(
            atPath: URL(fileURLWithPath: path).resolvingSymlinksInPath().path)[.type]
        if let type = type as? FileAttributeType { return type == .typeDirectory }
        return !["yaml", "yml", "json"].contains(URL(fileURLWithPath: path).pathExtension)
    }

    private func has(_ file: DeclaredFiles.File, _ member: String) -> Bool {
        guard case .mapping(let members)? = file.tree?.content else { return false }
        return members.contains { $0.key == member }
    }

    /// The file with its own records as they are now.
    func updated(_ file: DeclaredFiles.File, _ adding: [DeclaredRecords.One] = []) throws -> String {
        guard file.tree?.isFlow == true else {
            let text = YAMLEditor.updated(file, to: records, adding: adding) {
                records.record($0, $1) == nil
            }
            do { _ = try YAMLTree.parse(text, file: file.path) } catch {
                throw Failure(
                    text:
                        "\(file.path) cannot be brought up to date: what changes in it is used elsewhere by an alias (write it out)",
                    code: 1)
            }
            return text
        }
        // JSON has no comments to keep: what is in it is written anew.
        var own: [DeclaredRecords.One] = []
        for item in try DeclaredFiles(reading: [file.path]).items {
            let key = item.keyText ?? ""
            if let record = records.record(item.member, key) ?? records.record(item.member, key.lowercased())
            {
                own.append(record)
            }
        }
        return try new(own + adding, for: file.path)
    }

    private func new(_ records: [DeclaredRecords.One], for path: String) throws -> String {
        guard path.hasSuffix(".json") else { return YAMLEditor.written(records) }
        var lists: [String: DeclaredValue] = [:]
        for (member, alike) in Dictionary(grouping: records, by: \.member) {
            lists[member] = .list(alike.map(\.plain))
        }
        let data = try OutputOptions.data(DeclaredValue.object(lists))
        return String(decoding: data, as: UTF8.self) + "\n"
    }
}
