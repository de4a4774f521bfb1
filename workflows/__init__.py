"""How it unfolds in time: Temporal lives here and nowhere else."""
