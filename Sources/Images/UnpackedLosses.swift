/// What the programs that unpack a root report as left out, and whether they report anything else.
struct UnpackedLosses {
    /// By kind; the names of files, or of attributes with files.
    private var devices: [String] = []
    private var attributes: [String: [String]] = [:]
    private var keywords: Set<String> = []
    /// Files whose access control lists name users that do not exist here.
    private var lists: [String] = []
    /// A line of another kind: then something went wrong.
    private(set) var hasOther = false

    private static let shownLimit = 5

    init(_ lines: [String]) {
        for line in lines where !line.isEmpty { take(line) }
    }

    private mutating func take(_ line: String) {
        if let match = line.firstMatch(
            of:
                /create_inode: failed to create (?:character|block) device (.*), because Operation not permitted/
        ) {
            devices.append(String(match.1))
        } else if let match = line.firstMatch(of: /^\S*tar: (.*): Cannot mknod: Operation not permitted/) {
            devices.append(String(match.1))
        } else if let match = line.firstMatch(
            of: /^\S*tar: \w+: Cannot set '([^']*)' extended attribute for file '(.*)': [^:]*$/)
        {
            attributes[String(match.1), default: []].append(String(match.2))
        } else if let match = line.firstMatch(
            of: /write_xattr: failed to write xattr (\S+) for file (.*) because Operation not permitted/)
        {
            attributes[String(match.1), default: []].append(String(match.2))
        } else if let match = line.firstMatch(of: /^\S*tar: (.*): Warning: Cannot acl_\w+:/) {
            lists.append(String(match.1))
        } else if let match = line.firstMatch(
            of: /^\S*tar: Ignoring unknown extended header keyword '([^']*)'/)
        {
            // libarchive also writes its attributes as SCHILY.xattr, with times that no root has.
            if !match.1.hasPrefix("LIBARCHIVE.") { keywords.insert(String(match.1)) }
        } else if !line.contains("Exiting with failure status due to previous errors"),
            !line.contains(": Removing leading `"),
            !line.contains("Extracting contiguous files as regular files"),
            !line.contains("implausibly old time stamp"),
            !line.contains("is in the future")
        {
            hasOther = true
        }
    }

    /// Whether a failed program may have failed for these reasons alone.
    var isWholeFailure: Bool { !(devices.isEmpty && attributes.isEmpty) && !hasOther }

    /// One line per kind.
    var notes: [String] {
        var notes: [String] = []
        if !devices.isEmpty { notes.append("note: devices are left out: \(Self.shown(devices))") }
        for (name, files) in attributes.sorted(by: { $0.key < $1.key }) {
            notes.append("note: the extended attribute \(name) is left out: \(Self.shown(files))")
        }
        if !lists.isEmpty { notes.append("note: access control lists are left out: \(Self.shown(lists))") }
        if !keywords.isEmpty {
            notes.append(
                "note: what the archive has beside files is left out: \(Self.shown(keywords.sorted()))")
        }
        return notes
    }

    static func shown(_ names: [String]) -> String {
        let more = names.count - shownLimit
        return names.prefix(shownLimit).joined(separator: ", ") + (more > 0 ? " and \(more) more" : "")
    }
}
