package import ConfigurationFile
package import Fleet
import Foundation
import Glibc
package import Linux

/// Files of the configuration, as they are read from disk.
package struct DeclaredFiles {
    /// One of them.
    package struct File {
        /// As it is named in errors.
        package var path: String
        package var text: String
        package var tree: YAMLTree?
    }

    package private(set) var files: [File] = []
    package private(set) var items: [DeclaredItem] = []
    /// Who applies them, where one of the files says it.
    package private(set) var source: SourceName?
    private var problems: [DeclaredProblem] = []

    private static let fileByteLimit = 16 << 20
    /// Of all files together: as much as one request may have.
    private static let byteLimit = 48 << 20
    private var byteCount = 0
    private static let fileLimit = 2_000
    private static let directoryDepthLimit = 16
    private static let endings = [".yaml", ".yml", ".json"]

    /// Reads files, and the YAML and JSON files of directories and of those below; throws ``UnreadableDeclaration``.
    ///
    /// - Parameters:
    ///   - paths: `-` is standard input.
    ///   - isWatched: whether a server reads them, again and again: a pipe is no file then, and one that has lost all its text, as on a full
    ///     disk, is none that says that its records go; neither is one that a full disk may have cut off.
    ///   - known: how files ended when they were last read.
    package init(reading paths: [String], isWatched: Bool = false, known: FileEnds = FileEnds()) throws {
        let roots = paths.filter(Self.isDirectory).map(Self.resolved)
        for path in try Self.files(of: paths) {
            let isNamed = paths.contains(path)
            // Else a directory could have what its owner may not read, and this process may.
            guard isNamed || roots.contains(where: { Self.resolved(path).hasPrefix("\($0)/") }) else {
                problems.append(Self.problem(path, Self.leadsOut))
                continue
            }
            if isWatched, let cut = FullDisk.cut(of: path, limit: Self.fileByteLimit, known: known) {
                problems.append(Self.problem(path, Sentence(plain: cut)))
                continue
            }
            try read(path, isPlain: isWatched || !isNamed, within: isNamed ? nil : roots)
        }
        if isWatched {
            for file in files where file.text.isEmpty {
                problems.append(
                    Self.problem(file.path, "the file is empty: remove it, or write a comment (#) into it"))
            }
        }
        guard problems.isEmpty else { throw UnreadableDeclaration(problems) }
    }

    private static func problem(_ path: String, _ text: Sentence, line: Int? = nil) -> DeclaredProblem {
        DeclaredProblem(file: path, line: line, text: text)
    }

    // MARK: Which files

    /// In order of their names. Hidden ones are not among them: editors and mounted ConfigMaps have some of their own.
    package static func files(of paths: [String]) throws -> [String] {
        var found: [String] = []
        for path in paths {
            if isDirectory(path) {
                let inside = try Self.inside(path, depth: 0)
                guard !inside.isEmpty else {
                    throw UnreadableDeclaration([
                        problem(path, "the directory has no file that ends with .yaml, .yml or .json")
                    ])
                }
                found += inside
            } else {
                found.append(path)
            }
        }
        guard found.count <= fileLimit else {
            throw UnreadableDeclaration([problem(paths[0], "more than \(fileLimit) files")])
        }
        return found
    }

    private static func resolved(_ path: String) -> String {
        URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    }

    private static func isDirectory(_ path: String) -> Bool { isRealDirectory(resolved(path)) }

    /// Not behind a symbolic link.
    private static func isRealDirectory(_ path: String) -> Bool {
        let type = try? FileManager.default.attributesOfItem(atPath: path)[.type]
        return type as? FileAttributeType == .typeDirectory
    }

    /// A directory behind a symbolic link is not followed, except the one that was named: so no way leads in a circle.
    private static func inside(_ directory: String, depth: Int) throws -> [String] {
        guard depth <= directoryDepthLimit else {
            throw UnreadableDeclaration([
                problem(directory, "directories are at most \(directoryDepthLimit) levels deep")
            ])
        }
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: directory) else {
            throw UnreadableDeclaration([problem(directory, "this user may not read the directory")])
        }
        var found: [String] = []
        for name in names.sorted() where !name.hasPrefix(".") {
            let path = "\(directory)/\(name)"
            if isDirectory(path) {
                if isRealDirectory(path) { found += try inside(path, depth: depth + 1) }
            } else if endings.contains(where: { name.hasSuffix($0) }) {
                found.append(path)
            }
        }
        return found
    }

    /// Where a change of the files can be seen: they, and the directories below `path` that they are in. A file that is named by itself may
    /// lie where others write all the time.
    package static func places(of path: String) -> [String] {
        guard isDirectory(path) else { return [path] }
        let files = (try? files(of: [path])) ?? []
        let directories = files.map { URL(fileURLWithPath: $0).deletingLastPathComponent().path }
        return Swift.Set(files + directories + [path]).sorted()
    }

    // MARK: Reading

    /// - Parameters:
    ///   - isPlain: whether it has to be a file, and no pipe.
    ///   - roots: the directories that it has to be in; nil: it was named.
    private mutating func read(_ path: String, isPlain: Bool, within roots: [String]?) throws {
        let text: String
        do {
            text =
                try isPlain
                ? Self.plainText(path, within: roots) : InputFile.text(path, limit: Self.fileByteLimit)
        } catch let failure as Failure {
            // It names the file, and where it can, the line.
            return problems.append(Self.problem("", Sentence(plain: failure.text)))
        }
        byteCount += text.utf8.count
        guard text.utf8.count <= Self.fileByteLimit else {
            return problems.append(Self.problem(path, Self.tooLong))
        }
        guard byteCount <= Self.byteLimit else {
            throw UnreadableDeclaration([
                Self.problem(path, "with it, the files have more than \(Self.byteLimit >> 20) MiB")
            ])
        }
        let name = path == "-" ? "standard input" : path
        do {
            let tree = try YAMLTree.parse(text, file: name)
            files.append(File(path: path, text: text, tree: tree))
            guard let tree else { return }
            take(tree, of: name)
        } catch let error as ConfigurationError {
            problems.append(
                DeclaredProblem(file: error.file, line: error.line, text: Sentence(plain: error.text)))
        }
    }

    private static func plainText(_ path: String, within roots: [String]?) throws -> String {
        let bytes: [UInt8]
        do { bytes = try WholeFile.readPlain(path, within: roots, limit: fileByteLimit) } catch {
            switch error.number {
            case EFBIG: throw Failure(text: "\(path): \(tooLong)", code: 1)
            // Exchanged since it was looked at.
            case EXDEV: throw Failure(text: "\(path): \(leadsOut)", code: 1)
            case EINVAL: throw Failure(text: "\(path): this is not a file", code: 1)
            default: throw InputFile.failure(path)
            }
        }
        return try InputFile.text(of: bytes, path)
    }

    private static let leadsOut: Sentence =
        "this link leads out of the directory: put the file there itself"

    private static let tooLong: Sentence = "the file has more than \(fileByteLimit >> 20) MiB: split it"

    private mutating func take(_ tree: YAMLTree, of file: String) {
        guard case .mapping(let members) = tree.content else {
            return problems.append(
                Self.problem(
                    file, "must be a map with \(DeclaredForms.members.joined(separator: ", "))",
                    line: tree.line))
        }
        for member in members {
            if member.key == DeclaredForms.sourceMember {
                take(source: member, of: file)
            } else if DeclaredForms.named(member.key) != nil {
                take(member, of: file)
            } else if !DeclaredForms.otherMembers.contains(member.key), !DeclaredForms.isFree(member.key) {
                problems.append(
                    Self.problem(
                        file, DeclaredItem.unknown(member.key, among: DeclaredForms.members),
                        line: member.line))
            }
        }
    }

    private mutating func take(source member: YAMLTree.Member, of file: String) {
        do {
            guard case .scalar(let text) = member.value.content else {
                throw InvalidName("", rule: "source is the name of who applies these files")
            }
            let name = try SourceName(text)
            if let source, source != name {
                problems.append(
                    Self.problem(
                        file, "source is \(source) in another of these files", line: member.line))
            }
            source = name
        } catch { problems.append(Self.problem(file, "source: \(error)", line: member.line)) }
    }

    private mutating func take(_ member: YAMLTree.Member, of file: String) {
        if case .null = member.value.content { return }
        guard case .list(let entries) = member.value.content else {
            return problems.append(
                Self.problem(file, "\(member.key) must be a list of records", line: member.line))
        }
        for entry in entries {
            guard case .mapping = entry.content else {
                problems.append(
                    Self.problem(
                        file, "an entry of \(member.key) must be a map of keys to values", line: entry.line))
                continue
            }
            var lines: [String: Int] = [:]
            let fields = entry.value(at: .whole, lines: &lines) ?? .object([:])
            items.append(
                DeclaredItem(member.key, fields, file: file, line: entry.line, lines: lines))
        }
    }
}

extension YAMLTree {
    /// - Parameter lines: gets the line of each member below.
    /// - Returns: nil where there is no value.
    package func value(at path: DeclaredPath = .whole, lines: inout [String: Int]) -> DeclaredValue? {
        switch content {
        case .null: return nil
        case .scalar(let text): return .text(text)
        case .list(let entries):
            // Entries have no members of their own in any record.
            return .list(entries.compactMap { $0.value(at: path, lines: &lines) })
        case .mapping(let members):
            var object: [String: DeclaredValue] = [:]
            for member in members {
                let place = path.appending(member.key)
                lines[place.description] = member.line
                object[member.key] = member.value.value(at: place, lines: &lines)
            }
            return .object(object)
        }
    }

    package var value: DeclaredValue? {
        var lines: [String: Int] = [:]
        return value(lines: &lines)
    }
}
