import Center
import Fleet
import Foundation
import Linux
import NetworkErrors

/// Looks at kept files.
typealias KeptFileWatch = FileWatch<KeptFiles.Source>

extension KeptFiles.Source: WatchedSource {
    static let threadName = "roost-kept"

    var key: KeptScope { scope }

    func places(_ taken: [String]?) -> [String] { taken ?? KeptFileReader(self).places }

    func read(_ known: FileEnds) -> (Result<KeptFile, any Error>, [WatchedStamp]) {
        KeptFileReader(self, known).read()
    }
}

/// Reads one kept file, with those that it includes.
struct KeptFileReader {
    private static let byteLimit = 4 << 20

    private let source: KeptFiles.Source
    private let known: FileEnds

    /// - Parameter known: how files ended when they were last read.
    init(_ source: KeptFiles.Source, _ known: FileEnds = FileEnds()) {
        (self.source, self.known) = (source, known)
    }

    /// Why a source cannot be read.
    struct Unreadable: Error, CustomStringConvertible {
        var description: String
        init(_ text: String) { description = text }
    }

    /// Where a change is looked for while nothing was read yet.
    var places: [String] {
        [source.path] + LTSPVariableKind.Dialect.allCases.map { "\(source.path)/\($0.rawValue)" }
    }

    /// The file, and what was looked at for it, as it was before.
    func read() -> (Result<KeptFile, any Error>, [WatchedStamp]) {
        var stamps = places.map(WatchedStamp.init)
        do {
            let (path, dialect) = try main()
            // Those who may write there could otherwise have the server read and serve what they may not read. The path in roost.yaml may
            // be a link itself.
            let directory = URL(fileURLWithPath: path).deletingLastPathComponent().resolvingSymlinksInPath()
            func bytes(_ path: String) throws -> [UInt8] {
                if !stamps.contains(where: { $0.path == path }) { stamps.append(WatchedStamp(path)) }
                // The path of the source comes before the whole.
                let place = path == source.path ? "" : "\(path): "
                if let cut = FullDisk.cut(of: path, limit: Self.byteLimit, known: known) {
                    throw Unreadable("\(place)\(cut)")
                }
                do {
                    return try WholeFile.readPlain(
                        path, within: path == source.path ? nil : [directory.path], limit: Self.byteLimit)
                } catch {
                    switch error.number {
                    case EFBIG:
                        throw Unreadable("\(place)it is too long: all files together have at most 4 MiB")
                    case EXDEV:
                        throw Unreadable(
                            "\(place)this link leads out of the directory: put the file there itself")
                    default: throw error
                    }
                }
            }
            let url = URL(fileURLWithPath: path)
            let name = url.lastPathComponent
            var texts = [name: try bytes(path)]
            if dialect == .lts {
                var unreadable: Unreadable?
                // Its includes are beside it: their paths are those of an image.
                _ = LTSConf(texts[name] ?? [], file: name) { included in
                    let name = URL(fileURLWithPath: included).lastPathComponent
                    let beside = url.deletingLastPathComponent().appendingPathComponent(name).path
                    // One that is not there is said by what reads it; one that is there, and cannot be taken, must not count as missing.
                    do { texts[name] = try bytes(beside) } catch {
                        if FileStatus(beside, follows: true) != nil {
                            unreadable =
                                unreadable ?? (error as? Unreadable) ?? Unreadable(ErrorText.of(error))
                        }
                    }
                    return texts[name]
                }
                if let unreadable { throw unreadable }
            }
            return (
                .success(
                    KeptFile(source.scope, path: source.path, dialect: dialect, main: name, texts)), stamps
            )
        } catch { return (.failure(error), stamps) }
    }

    /// The main file and its kind.
    private func main() throws -> (path: String, LTSPVariableKind.Dialect) {
        guard let status = FileStatus(source.path, follows: true) else {
            throw Unreadable("it is not there, or the server’s user may not see it")
        }
        guard status.isDirectory else {
            guard status.isFile else { throw Unreadable("it is neither a file nor a directory") }
            guard let dialect = source.dialect ?? Self.dialect(of: source.path) else {
                throw Unreadable(
                    "its name does not say whether it is an lts.conf or an ltsp.conf: add ‘kind’ in roost.yaml"
                )
            }
            return (source.path, dialect)
        }
        let found = (source.dialect.map { [$0] } ?? LTSPVariableKind.Dialect.allCases).filter {
            FileStatus("\(source.path)/\($0.rawValue)", follows: true)?.isFile == true
        }
        guard let dialect = found.first else {
            throw Unreadable("the directory has no lts.conf and no ltsp.conf")
        }
        guard found.count == 1 else {
            throw Unreadable("the directory has an lts.conf and an ltsp.conf: add ‘kind’ in roost.yaml")
        }
        return ("\(source.path)/\(dialect.rawValue)", dialect)
    }

    private static func dialect(of path: String) -> LTSPVariableKind.Dialect? {
        let name = URL(fileURLWithPath: path).lastPathComponent
        return LTSPVariableKind.Dialect.allCases.first {
            name == $0.rawValue || name.hasSuffix("-\($0.rawValue)") || name.hasSuffix(".\($0.rawValue)")
        }
    }
}
