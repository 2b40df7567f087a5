import Foundation
import Linux

/// Errors of our own modules, of Foundation and of Swift as sentences for people.
///
/// It sits below everything that reads and writes files; the control center adds the libraries that only it knows (`ErrorText` in NetworkErrors).
package enum FileErrorText {
    /// What `error` means: what happened, to what, and what to do where that is known.
    package static func of(_ error: any Error) -> String {
        if isOwn(error) { return "\(error)" }
        if let error = error as? DecodingError { return text(of: error) }
        if error is CancellationError { return "cancelled before it was done" }
        // Every Swift error is an NSError; the domain says whose it is.
        let known = error as NSError
        switch known.domain {
        case NSPOSIXErrorDomain: return KernelErrorText.of(Int32(clamping: known.code))
        case NSCocoaErrorDomain: return text(ofFile: known)
        default:
            return "an unexpected error (\(type(of: error))); the server's log may say more"
        }
    }

    /// Whether its description is one of our sentences: every error type of these modules has one.
    private static func isOwn(_ error: any Error) -> Bool {
        let module = String(reflecting: type(of: error)).prefix { $0 != "." }
        return ownModules.contains(String(module))
    }

    private static let ownModules: Set<String> = [
        "Wire", "Fleet", "API", "Sealing", "Linux", "HTTPClient", "StoreSQLite", "Services", "Images",
        "Center", "ConfigurationFile", "Commands", "RoostCommand",
    ]

    /// Foundation's errors about files: what failed, and which file.
    private static func text(ofFile error: NSError) -> String {
        let path =
            error.userInfo[NSFilePathErrorKey] as? String ?? (error.userInfo[NSURLErrorKey] as? URL)?.path
        let what: String
        switch CocoaError.Code(rawValue: error.code) {
        case .fileNoSuchFile, .fileReadNoSuchFile: what = "there is no such file or directory"
        case .fileReadNoPermission, .fileWriteNoPermission: what = "permission denied (run as root?)"
        case .fileWriteFileExists: what = "already exists"
        case .fileWriteOutOfSpace: what = "no space is left on the disk; free some"
        case .fileWriteVolumeReadOnly: what = "the file system is read-only"
        case .fileReadCorruptFile, .fileReadInapplicableStringEncoding, .propertyListReadCorrupt,
            .coderReadCorrupt:
            what = "cannot be read: its contents are damaged or of another kind"
        default:
            let cause = error.userInfo[NSUnderlyingErrorKey] as? NSError
            let isKernels = cause?.domain == NSPOSIXErrorDomain
            what =
                isKernels
                ? KernelErrorText.of(Int32(clamping: cause?.code ?? 0)) : "cannot be read or written"
        }
        return path.map { "\($0): \(what)" } ?? what
    }

    // MARK: JSON

    /// What is wrong with a request, and where: `macAddresses.0: a text is required`.
    static func text(of error: DecodingError) -> String {
        switch error {
        case .keyNotFound(let key, let context):
            return place(context.codingPath + [key]) + "is missing"
        case .typeMismatch(let type, let context):
            return place(context.codingPath) + "\(name(of: type)) is required"
        case .valueNotFound(let type, let context):
            return place(context.codingPath) + "\(name(of: type)) is required, not null"
        case .dataCorrupted(let context):
            return place(context.codingPath) + text(ofDamaged: context)
        @unknown default: return "this JSON does not have the required form"
        }
    }

    /// Our own types carry an error with a sentence for people. Foundation gives these errors no number, so only its words tell them apart.
    private static func text(ofDamaged context: DecodingError.Context) -> String {
        if let own = context.underlyingError, isOwn(own) { return "\(own)" }
        if context.debugDescription.hasPrefix("The given data") { return "this is not JSON" }
        if context.debugDescription.hasPrefix("Parsed JSON number") { return "this number is too large" }
        return "this value is unknown"
    }

    private static func place(_ path: [any CodingKey]) -> String {
        let words = path.map { $0.intValue.map(String.init) ?? $0.stringValue }
        return words.isEmpty ? "" : words.joined(separator: ".") + ": "
    }

    private static func name(of type: any Any.Type) -> String {
        switch type {
        case is String.Type: "a text"
        case is Bool.Type: "true or false"
        case is any BinaryInteger.Type: "a whole number"
        case is any BinaryFloatingPoint.Type: "a number"
        case is any Collection.Type where "\(type)".hasPrefix("Array"): "a list"
        default: "an object"
        }
    }
}
