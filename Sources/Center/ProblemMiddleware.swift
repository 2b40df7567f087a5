import API
import Fleet
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NetworkErrors

/// Converts every error to an RFC 9457 answer, or a page for browsers.
struct ProblemMiddleware: RouterMiddleware {
    let logger: Logger
    let pages: PageRenderer

    @concurrent func handle(
        _ request: Request, context: CenterContext,
        next: @concurrent (Request, CenterContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch {
            let problem = problem(for: error, path: request.uri.path)
            var headers: HTTPFields = [:]
            if let seconds = problem.retryAfter { headers[.retryAfter] = String(seconds) }
            if let methods = problem.allowedMethods { headers[.allow] = methods }
            if !request.uri.path.hasPrefix("/api/"), request.headers[.accept]?.contains("text/html") == true {
                return try pages.problem(problem, request: request, context: context, headers: headers)
            }
            headers[.contentType] = "application/problem+json"
            return Response(
                status: .init(code: problem.status), headers: headers,
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: try JSONEncoder().encode(problem))))
        }
    }

    private func problem(for error: any Error, path: String) -> Problem {
        switch error {
        case let problem as Problem: return problem
        case StoreError.notFound(let detail): return Problem(404, "Not found", detail)
        case StoreError.conflict(let detail): return Problem(409, "Conflict", detail)
        case let error as StoreError:
            logger.error("\(error)")
            return Problem(503, "Unavailable", error.sentence)
        case let error as InvalidName: return Problem(422, "Invalid name", error.sentence)
        case let error as UnreadableTable:
            return Problem(422, "Unreadable CSV", Sentence(phrase: error.description))
        case let error as InvalidSetting: return Problem(422, "Invalid setting", error.sentence)
        case let error as UnreadableDeclaration:
            return Problem(422, "Invalid files", Sentence(phrase: error.description))
        case let error as UnreadableSetting: return Problem(409, "Unreadable setting", error.sentence)
        case let error as InvalidCondition: return Problem(422, "Invalid condition", error.sentence)
        case let error as DecodingError:
            return Problem(422, "Unreadable request", Sentence(phrase: ErrorText.of(error)))
        case let error as HTTPError where error.status.code == 404:
            return Problem(404, "Not found", error.body.map { Sentence(phrase: $0) } ?? "there is no \(path)")
        case let error as HTTPError:
            return Problem(
                error.status.code, "Refused", Sentence(phrase: error.body ?? error.status.reasonPhrase))
        case let error as any HTTPResponseError:
            return Problem(error.status.code, "Refused", Sentence(phrase: error.status.reasonPhrase))
        default:
            let text = ErrorText.of(error)
            logger.error("\(path): \(text)")
            return Problem(500, "Failed", Sentence(phrase: text))
        }
    }
}
