import Linux
package import Wire

/// The files in which a running node has the names, addresses and host keys of others.
package struct KnownNodeFiles {
    /// All that may be written this way: an answer of the server is no way to other files.
    private static let paths: Set = ["/etc/hosts", "/etc/ssh/ssh_known_hosts"]

    private let files: RootFiles

    /// - Parameter root: what is put before every path; empty on a node.
    package init(root: String = "") { files = RootFiles(root: root) }

    /// Replaces its lines in each file. Nothing is written unless all of the work is such lines.
    package func take(_ work: StepWork) throws {
        let blocks = try work.acts.map { act in
            guard case .lines(let path, let name, let text) = act, Self.paths.contains(path) else {
                throw UsageError(text: "the server sent something else than lines of names and keys")
            }
            return (path: path, name: name, text: text)
        }
        for block in blocks { try files.keepAtOnce(block.text, named: block.name, in: block.path) }
    }
}
