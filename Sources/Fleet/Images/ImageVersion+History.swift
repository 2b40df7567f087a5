/// A version is a fact about files and no record. The history tells when it came and went, among the changes of records.
extension ImageVersion {
    /// The name of versions among the kinds of the history.
    package static let historyKind = "version"

    /// The version's key in the history: `debian@3`.
    package var historyKey: String { "\(image)@\(number)" }

    /// Nil for a key that is not that of a version.
    package static func parse(historyKey: String) throws -> (image: ImageName, number: Int)? {
        let parts = historyKey.split(separator: "@", maxSplits: 1)
        guard parts.count == 2, let number = Int(parts[1]) else { return nil }
        return (try ImageName(parts[0]), number)
    }
}

extension FleetSnapshot.Contents {
    /// Gives an image's catalogue the version that it had in the past under this number; nil: none. An image without versions is none.
    package mutating func restore(_ version: ImageVersion?, numbered number: Int, of image: ImageName) {
        var catalogue = images[image] ?? ImageCatalogue(name: image, versions: [], channels: [:])
        catalogue.versions.removeAll { $0.number == number }
        if let version {
            catalogue.versions.append(version)
            catalogue.versions.sort { $0.number < $1.number }
        }
        images[image] = catalogue.versions.isEmpty ? nil : catalogue
    }
}
