"""What is asked: question types, the shipped sets, readers for other people's formats."""
