/// What `qemu-img info --output=json` tells of a disk, as far as it may name other files.
struct DiskFacts: Decodable {
    /// Of the disk's own format.
    struct Specific: Decodable {
        var data: Details?
    }

    struct Details: Decodable {
        var dataFile: String?
        var extents: [Extent]?

        enum CodingKeys: String, CodingKey {
            case dataFile = "data-file"
            case extents
        }
    }

    /// A part of a disk of VMware.
    struct Extent: Decodable {
        var filename: String?
    }

    var backingFile: String?
    var fullBackingFile: String?
    var specific: Specific?

    enum CodingKeys: String, CodingKey {
        case backingFile = "backing-filename"
        case fullBackingFile = "full-backing-filename"
        case specific = "format-specific"
    }

    /// Whether the whole disk is in the file at `path`.
    func isWhole(at path: String) -> Bool {
        let details = specific?.data
        return backingFile == nil && fullBackingFile == nil && details?.dataFile == nil
            && (details?.extents ?? []).allSatisfy { $0.filename == path }
    }
}
