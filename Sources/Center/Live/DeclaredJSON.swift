package import Fleet
import Foundation
import NetworkErrors

/// Records of files as JSON has them.
package struct DeclaredJSON: DeclaredCoding {
    package init() {}

    package func value(of form: some DeclaredForm) throws -> DeclaredValue {
        try DeclaredEncoder().value(of: form) ?? .object([:])
    }

    package func form<Declared: DeclaredForm>(_: Declared.Type, from value: DeclaredValue) throws -> Declared
    {
        do {
            return try DeclaredDecoder().decode(Declared.self, from: value)
        } catch let error as DecodingError {
            throw DeclaredFault(at: Self.path(of: error), Sentence(said: error))
        }
    }

    /// Of a member that lacks, the record.
    private static func path(of error: DecodingError) -> DeclaredPath {
        let keys: [any CodingKey]
        switch error {
        case .dataCorrupted(let context), .typeMismatch(_, let context), .valueNotFound(_, let context),
            .keyNotFound(_, let context):
            keys = context.codingPath
        @unknown default: keys = []
        }
        return DeclaredPath(keys.filter { $0.intValue == nil }.map(\.stringValue))
    }
}
