/// The differences between two versions of an image.
package struct ImageDifference: Equatable, Sendable, Codable {
    /// A package, or a file of the version; nil on the side where it is missing.
    package struct Change: Equatable, Sendable, Codable {
        package var name: String
        /// A package's version, or a file's size in bytes.
        package var before: String?
        package var after: String?

        package init(name: String, before: String?, after: String?) {
            self.name = name
            self.before = before
            self.after = after
        }
    }

    package var from: Int
    package var to: Int
    /// `system`, `kernel`, `origin`, if they differ.
    package var facts: [Change]
    /// In name order.
    package var packages: [Change]
    /// `root.squashfs` and its neighbours, with sizes; those with different contents.
    package var files: [Change]
    /// Files, directories, links and devices in the root, as `file 644 0:0, 12 bytes`; nil when not compared.
    package var contents: [Change]?

    package init(from before: ImageVersion, to after: ImageVersion) {
        let (old, new) = (before.manifest, after.manifest)
        from = before.number
        to = after.number
        facts = [
            Change(name: "system", before: old.system, after: new.system),
            Change(name: "kernel", before: old.kernelRelease, after: new.kernelRelease),
            Change(name: "origin", before: old.origin, after: new.origin),
        ].filter { $0.before != $0.after }
        packages = Self.changes(
            Dictionary(old.packages.map { ($0.name, $0.version) }) { $1 },
            Dictionary(new.packages.map { ($0.name, $0.version) }) { $1 })
        let names = Set((old.files + new.files).map(\.name)).sorted()
        files = names.compactMap { name in
            let (old, new) = (old.file(name), new.file(name))
            guard old?.sha256 != new?.sha256 else { return nil }
            return Change(
                name: name, before: old.map { String($0.byteCount) }, after: new.map { String($0.byteCount) })
        }
    }

    private static func changes(_ old: [String: String], _ new: [String: String]) -> [Change] {
        Set(old.keys).union(new.keys).sorted().compactMap { name in
            old[name] == new[name] ? nil : Change(name: name, before: old[name], after: new[name])
        }
    }
}
