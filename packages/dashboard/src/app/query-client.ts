/** How often and how stubbornly the page asks. Events of the daemon make lists fresh, so time rarely has to. */
import { GantryError } from "@gantry/client";
import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";

export function createQueryClient(onUnauthenticated: (reason: string) => void): QueryClient {
  const onError = (error: Error) => {
    if (error instanceof GantryError && error.code === "unauthenticated") onUnauthenticated(error.message);
  };
  return new QueryClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({ onError }),
    defaultOptions: {
      queries: {
        staleTime: 5_000,
        retry: (failures, error) => failures < 2 && error instanceof GantryError && error.retryable,
      },
    },
  });
}
