import Foundation
import Linux

/// Errors of reading and writing as sentences, for what this module tells: those of Foundation describe themselves by their domain and number,
/// which tells nothing to do. `ErrorText` of the control center knows those of its libraries, too, which are not here.
package enum ErrorSentence {
    /// What happened to what, and what to do where that is known.
    package static func of(_ error: any Error) -> String {
        if let error = error as? CocoaError { return of(error) }
        if let error = error as? POSIXError {
            return SystemError("a file", number: error.code.rawValue).description
        }
        if error is DecodingError { return "what was read is not in the form that it should be in" }
        return "\(error)"
    }

    private static func of(_ error: CocoaError) -> String {
        let path = error.filePath ?? error.url?.path
        let what = path.map { "\($0)" } ?? "a file"
        switch error.code {
        case .fileWriteOutOfSpace:
            return
                "there is no space left on the disk for \(what): make room, or choose other directories with --cache and "
                + "--state-directory"
        case .fileNoSuchFile, .fileReadNoSuchFile: return "\(what) is not there"
        case .fileReadNoPermission, .fileWriteNoPermission:
            return "\(what) may not be read or changed by this user: run this as root, or as the owner"
        case .fileWriteFileExists: return "\(what) is there already"
        case .fileWriteVolumeReadOnly: return "\(what) is on a file system that is mounted read-only"
        default: break
        }
        if let cause = error.underlying as? POSIXError {
            return SystemError(what, number: cause.code.rawValue).description
        }
        return "\(what) cannot be read or written (error \(error.code.rawValue))"
    }
}
