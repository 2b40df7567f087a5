import Fleet
import Foundation

/// The contents of a root, read from its squashfs without unpacking it: unsquashfs writes a list of all files, followed by their bytes.
///
/// The list has the form of mksquashfs's pseudo files (mksquashfs(1), *Pseudo file definitions*): one line `PATH TYPE TIME MODE UID GID …`
/// each, with a `\` before special characters in paths. Line ends are not escaped: such a path shows only after its last line end. Extended
/// attributes are not in the list.
struct RootContents {
    /// One file, directory, link or device.
    struct Entry: Equatable {
        /// Its description: `file 644 0:0, 12 bytes`.
        var description: String
        /// Digest of a file's bytes.
        var hash: [UInt8]?
    }

    /// By path, without a leading `/`; the root itself is `/`.
    private(set) var entries: [String: Entry] = [:]

    private static let end = Array("# START OF DATA - DO NOT MODIFY".utf8)
    /// The list's last line is still to come; then the line after it.
    private enum Part { case list, lastLine, data }
    private var part = Part.list
    private var line: [UInt8] = []
    /// Files whose bytes are still to come, in order, and how many bytes.
    private var files: [(path: String, byteCount: Int)] = []
    private var byteCount = 0
    private var next = 0
    private var hash = SHA256()
    private var taken = 0

    /// Reads the squashfs at `path`.
    init(of path: String) throws {
        // One processor and little memory: nodes boot at the same time.
        // A named pipe: the sandbox has no /dev/stdout.
        let command =
            // If nothing was ever written, another writer releases the reader.
            "mkfifo /tmp/pipe; cat /tmp/pipe & reader=$!; "
            + "unsquashfs -quiet -no-progress -processors 1 -data-queue 16 -frag-queue 16 -pf /tmp/pipe \"$1\"; "
            + "status=$?; : >/tmp/pipe & wait $reader; exit $status"
        try Program("sh", package: "dash").confined(Confinement(reads: [path])).stream(
            ["-c", command, "sh", path]
        ) { try take($0) }
        try finish()
    }

    /// For pieces that come from elsewhere.
    init() {}

    mutating func take(_ piece: Data) throws {
        var rest = piece[...]
        while part != .data, let byte = rest.popFirst() { takeOfList(byte) }
        while !rest.isEmpty {
            guard next < files.count else {
                throw ImageLacks("the root contains more than its list of files")
            }
            let file = files[next]
            let mine = rest.prefix(file.byteCount - taken)
            hash.update(mine)
            taken += mine.count
            rest = rest.dropFirst(mine.count)
            if taken == file.byteCount { finishFile() }
        }
    }

    /// - Throws: when listed files are missing.
    mutating func finish() throws {
        if part == .data { finishEmptyFiles() }
        guard part == .data, next == files.count else {
            throw ImageLacks("the root could not be read completely")
        }
    }

    private mutating func takeOfList(_ byte: UInt8) {
        guard byte == UInt8(ascii: "\n") else { return line.append(byte) }
        if part == .lastLine {
            part = .data
            finishEmptyFiles()
        } else if line == Self.end {
            part = .lastLine
        } else {
            takeLine()
        }
        line.removeAll(keepingCapacity: true)
    }

    private mutating func takeLine() {
        var path: [UInt8] = []
        var index = 0
        while index < line.count, line[index] != UInt8(ascii: " ") {
            if line[index] == UInt8(ascii: "\\"), index + 1 < line.count { index += 1 }
            path.append(line[index])
            index += 1
        }
        let words = String(decoding: line[index...], as: UTF8.self).split(separator: " ").map(String.init)
        let name = String(decoding: path, as: UTF8.self)
        // The first lines of a path or a link target.
        guard words.count >= 2 else { return }
        if words[0] == "L" {
            entries[name] = Entry(description: "the same file as \(words[1...].joined(separator: " "))")
            return
        }
        guard words.count >= 5 else { return }
        let rights = "\(words[2]) \(words[3]):\(words[4])"
        let more = words[5...].joined(separator: " ")
        switch words[0] {
        case "R":
            // The offset shows that it is a file, rather than text in a link's target.
            guard words.count >= 7, let count = Int(words[5]), count >= 0, Int(words[6]) == byteCount,
                count <= Int.max - byteCount
            else { return }
            entries[name] = Entry(description: "file \(rights), \(count) bytes")
            files.append((name, count))
            byteCount += count
        case "D": entries[name] = Entry(description: "directory \(rights)")
        case "S": entries[name] = Entry(description: "link to \(more)")
        case "B": entries[name] = Entry(description: "block device \(rights), \(more)")
        case "C": entries[name] = Entry(description: "character device \(rights), \(more)")
        default: entries[name] = Entry(description: "pipe or socket \(rights)")
        }
    }

    private mutating func finishFile() {
        entries[files[next].path]?.hash = hash.finish()
        hash = SHA256()
        taken = 0
        next += 1
        finishEmptyFiles()
    }

    /// These have no bytes.
    private mutating func finishEmptyFiles() {
        while next < files.count, files[next].byteCount == 0 { next += 1 }
    }
}

extension RootContents {
    /// What differs in `after`, sorted by path.
    func changes(to after: RootContents) -> [ImageDifference.Change] {
        Set(entries.keys).union(after.entries.keys).sorted().compactMap { path in
            let (old, new) = (entries[path], after.entries[path])
            guard old != new else { return nil }
            let isOnlyContent = old?.description == new?.description
            return ImageDifference.Change(
                name: path.hasPrefix("/") ? path : "/\(path)", before: old?.description,
                after: new.map { $0.description + (isOnlyContent ? ", other content" : "") })
        }
    }
}
